//go:build unix

package localpg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// postmaster is PostgreSQL's first process, our child.
type postmaster struct {
	cmd  *exec.Cmd
	log  string        // the file that PostgreSQL writes to
	done chan struct{} // closed when it has ended
	err  error         // how it ended; to be read after done
}

// runPostmaster starts cmd and sees to it that it ends with us. PostgreSQL
// writes to a file: with a pipe, Wait would wait for its every session.
func runPostmaster(cmd *exec.Cmd, log string) (*postmaster, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd.Stdout, cmd.Stderr = file, file
	dieWithParent(cmd.SysProcAttr)

	p := &postmaster{cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// "Parent" is to the kernel the thread that forked, so this thread must
		// live as long as PostgreSQL. It ends with the goroutine.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// startLimit is how long a start may take, the recovery after a crash included.
const startLimit = 2 * time.Minute

// ready waits until PostgreSQL takes connections, which it says in line 8 of
// its pid file.
func (p *postmaster) ready(ctx context.Context, pidFile string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(pidFile)
		lines := strings.Split(string(text), "\n")
		if err == nil && len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready" {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.done:
			return fmt.Errorf("postgres did not start: %w; it said:\n%s", p.err, p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("postgres is not ready yet: %w; it said:\n%s", ctx.Err(), p.lastWords())
		}
	}
}

func (p *postmaster) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// lastWords is the end of the log, for errors.
func (p *postmaster) lastWords() string {
	const enough = 4 << 10
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-enough):])
}

// stop ends the postmaster and waits: a fast shutdown, which writes everything
// out, then an immediate one, then the kernel's.
func (p *postmaster) stop() error {
	if p.ended() {
		return fmt.Errorf("postgres had ended before: %v; it said:\n%s", p.err, p.lastWords())
	}
	steps := []struct {
		signal  syscall.Signal
		patient time.Duration
	}{
		{syscall.SIGINT, time.Minute},
		{syscall.SIGQUIT, 10 * time.Second},
		{syscall.SIGKILL, 10 * time.Second},
	}
	for i, step := range steps {
		if err := p.cmd.Process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case <-p.done:
			if i > 0 {
				return fmt.Errorf("postgres did not stop within %s and was forced with %s", steps[0].patient, step.signal)
			}
			return nil
		case <-time.After(step.patient):
		}
	}
	return fmt.Errorf("postgres (pid %d) does not end", p.cmd.Process.Pid)
}

// freePort is a TCP port of the loopback interface that nobody uses right now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
