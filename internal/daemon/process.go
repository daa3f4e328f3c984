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

// Process is a running program, a child of this process.
type Process struct {
	cmd  *exec.Cmd
	log  string        // the path of the program's output
	done chan struct{} // closed when the program has ended
	err  error         // how the program ended; read it only after done is closed
}

// Start starts cmd, which [Account.Command] made, and makes it end with this process (see
// [DieWithParent]). The program's output goes to the file log: with a pipe, Wait would wait for all
// of the program's children.
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
		// For the kernel the parent is the thread that forked, so this thread must live as long as
		// the program. It ends with the goroutine.
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

// Done returns a channel that is closed when the program has ended, for any reason.
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

// Err waits until the program has ended, and returns how, with the end of its log.
func (p *Process) Err() error {
	<-p.done
	return fmt.Errorf("%v; its log ends with:\n%s", p.err, p.LogTail())
}

// LogTail returns the last 4 KiB of the log, for error messages.
func (p *Process) LogTail() string {
	const limit = 4 << 10
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-limit):])
}

// Step is one attempt to end a program: a signal, and how long to wait for the end.
type Step struct {
	Signal  syscall.Signal
	Timeout time.Duration
}

// Stop ends the program by trying one step after the other, and waits until it has ended. It
// returns an error if the program had ended before, or if it needed more than the first step.
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
				return fmt.Errorf("%s did not stop within %s and was ended with %s", name,
					steps[0].Timeout, step.Signal)
			}
			return nil
		case <-time.After(step.Timeout):
		}
	}
	return fmt.Errorf("%s (pid %d) doesn't end", name, p.cmd.Process.Pid)
}

// FreePort returns a TCP port of the loopback interface that no process uses at the moment.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
