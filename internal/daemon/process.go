//go:build unix

package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Process is a program that runs, our child.
type Process struct {
	cmd  *exec.Cmd
	log  string        // the file that the program writes to
	done chan struct{} // closed when it has ended
	err  error         // how it ended; to be read after done
}

// Start starts cmd, which [Account.Command] made, and sees to it that it ends
// with us. The program writes to the file log: with a pipe, Wait would wait for
// its every child.
func Start(cmd *exec.Cmd, log string) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd.Stdout, cmd.Stderr = file, file
	DieWithParent(cmd.SysProcAttr)

	p := &Process{cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// "Parent" is to the kernel the thread that forked, so this thread must
		// live as long as the program. It ends with the goroutine.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// Done is closed when the program has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended reports whether the program has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Err says how the program ended, and what it wrote last. It waits for the end.
func (p *Process) Err() error {
	<-p.done
	return fmt.Errorf("%v; it said:\n%s", p.err, p.LastWords())
}

// LastWords is the end of the log, for errors.
func (p *Process) LastWords() string {
	const enough = 4 << 10
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-enough):])
}

// Step is one way to end a program: a signal, and how long it may take.
type Step struct {
	Signal   syscall.Signal
	Patience time.Duration
}

// Stop ends the program and waits until it is gone, by each step in turn. It is
// an error if the program had ended before, or if the first step wasn't enough.
func (p *Process) Stop(steps ...Step) error {
	name := filepath.Base(p.cmd.Path)
	if p.Ended() {
		return fmt.Errorf("%s had ended before: %w", name, p.Err())
	}
	for i, step := range steps {
		if err := p.cmd.Process.Signal(step.Signal); err != nil &&
			!errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case <-p.done:
			if i > 0 {
				return fmt.Errorf("%s did not stop within %s and was forced with %s", name,
					steps[0].Patience, step.Signal)
			}
			return nil
		case <-time.After(step.Patience):
		}
	}
	return fmt.Errorf("%s (pid %d) does not end", name, p.cmd.Process.Pid)
}

// FreePort is a TCP port of the loopback interface that nobody uses right now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
