//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// process is a registry that runs in a separate process.
type process struct {
	*testServer
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// start starts the registry with these settings and no others.
func start(t *testing.T, set map[string]string, args ...string) *process {
	t.Helper()
	p := &process{testServer: &testServer{log: newLogBuffer()}, cmd: programCommand(set, args...),
		done: make(chan struct{})}
	p.cmd.Stderr = p.log
	requireNoError(t, p.cmd.Start())
	go func() { // ends with the process, which the cleanup kills at the latest
		_ = p.cmd.Wait() // waitForExit checks the exit status
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // fails if it has ended
		<-p.done
	})
	return p
}

// startServing starts the registry and waits until it is ready.
func startServing(t *testing.T, set map[string]string) *process {
	t.Helper()
	p := start(t, set)
	p.waitUntilReady(t)
	return p
}

// waitForExit waits until the process has ended and requires this exit status.
func (p *process) waitForExit(t *testing.T, status int) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		t.Fatalf("still running after a minute\n%s", p.log)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("want the exit status %d, got %d\n%s", status, got, p.log)
	}
}

// stop ends the process with SIGTERM and requires the exit status 0.
func (p *process) stop(t *testing.T) {
	t.Helper()
	requireNoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.waitForExit(t, exitDone)
}
