//go:build unix

package pgbouncer

import (
	"context"
	"syscall"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// StartFrom looks for the program in search alone; it must fail.
func StartFrom(ctx context.Context, search ...string) error {
	_, err := start(ctx, search, []string{"postgres://user@127.0.0.1:1/none"})
	return err
}

// Dir is the folder of p's configuration.
func (p *Pooler) Dir() string { return p.dir }

// Ended reports whether p's process has ended.
func (p *Pooler) Ended() bool { return p.current().Ended() }

// Kill ends p's process as a crash does.
func (p *Pooler) Kill() error {
	return p.current().Stop(daemon.Step{Signal: syscall.SIGKILL, Patience: time.Minute})
}

func (p *Pooler) current() *daemon.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}
