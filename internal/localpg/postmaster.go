//go:build unix

package localpg

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// postmaster is PostgreSQL's first process.
type postmaster struct{ *daemon.Process }

// startLimit is how long a start may take, including the recovery after a crash.
const startLimit = 2 * time.Minute

// ready waits until PostgreSQL accepts connections.
func (p postmaster) ready(ctx context.Context, pidFile string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, ok := readyPort(pidFile); ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.Done():
			return fmt.Errorf("postgres did not start: %w", p.Err())
		case <-ctx.Done():
			return fmt.Errorf("postgres is not ready yet: %w; its log ends with:\n%s", ctx.Err(),
				p.LogTail())
		}
	}
}

// stop ends the postmaster and waits for it: by a fast shutdown, which writes everything to disk,
// then by an immediate one, then by SIGKILL.
func (p postmaster) stop() error {
	return p.Stop(
		daemon.Step{Signal: syscall.SIGINT, Timeout: time.Minute},
		daemon.Step{Signal: syscall.SIGQUIT, Timeout: 10 * time.Second},
		daemon.Step{Signal: syscall.SIGKILL, Timeout: 10 * time.Second},
	)
}
