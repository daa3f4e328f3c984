//go:build unix

package harness

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
)

// Process is a registry that runs in a separate process.
type Process struct {
	*Server
	Cmd  *exec.Cmd
	Done chan struct{} // closed when the process has ended
}

// Start starts the registry with these settings and no others.
func Start(t *testing.T, set map[string]string, args ...string) *Process {
	t.Helper()
	p := &Process{Server: &Server{Log: newLogBuffer()}, Cmd: Command(set, args...),
		Done: make(chan struct{})}
	p.Cmd.Stderr = p.Log
	requireNoError(t, p.Cmd.Start())
	go func() { // ends with the process, which the cleanup kills at the latest
		_ = p.Cmd.Wait() // WaitForExit checks the exit status
		close(p.Done)
	}()
	t.Cleanup(func() {
		_ = p.Cmd.Process.Kill() // fails if it has ended
		<-p.Done
	})
	return p
}

// StartServing starts the registry and waits until it is ready.
func StartServing(t *testing.T, set map[string]string) *Process {
	t.Helper()
	p := Start(t, set)
	p.waitUntilReady(t)
	return p
}

// WaitForExit waits until the process has ended and requires this exit status.
func (p *Process) WaitForExit(t *testing.T, status int) {
	t.Helper()
	select {
	case <-p.Done:
	case <-time.After(time.Minute):
		t.Fatalf("still running after a minute\n%s", p.Log)
	}
	if got := p.Cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("want the exit status %d, got %d\n%s", status, got, p.Log)
	}
}

// Stop ends the process with SIGTERM and requires the exit status 0.
func (p *Process) Stop(t *testing.T) {
	t.Helper()
	requireNoError(t, p.Cmd.Process.Signal(syscall.SIGTERM))
	p.WaitForExit(t, cli.ExitDone)
}
