//go:build unix

package pgbouncer

import (
	"context"
	"syscall"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// StartFrom looks for the program only in search. Call it only where it fails: it doesn't stop the
// pooler.
func StartFrom(ctx context.Context, search ...string) error {
	_, err := start(ctx, search, []string{"postgres://user@127.0.0.1:1/none"})
	return err
}

// Dir returns the directory of p's configuration.
func (p *Pooler) Dir() string { return p.dir }

// Ended reports whether p's process has ended.
func (p *Pooler) Ended() bool { return p.current().Ended() }

// Kill ends p's process by SIGKILL, as a crash would.
func (p *Pooler) Kill() error {
	return p.current().Stop(daemon.Step{Signal: syscall.SIGKILL, Timeout: time.Minute})
}

func (p *Pooler) current() *daemon.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}
