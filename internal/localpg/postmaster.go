//go:build unix

package localpg

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/daemon"
)

// postmaster is PostgreSQL's first process.
type postmaster struct{ *daemon.Process }

// startLimit is how long a start may take, the recovery after a crash included.
const startLimit = 2 * time.Minute

// ready waits until PostgreSQL takes connections, which it says in line 8 of
// its pid file.
func (p postmaster) ready(ctx context.Context, pidFile string) error {
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
		case <-p.Done():
			return fmt.Errorf("postgres did not start: %w", p.Err())
		case <-ctx.Done():
			return fmt.Errorf("postgres is not ready yet: %w; it said:\n%s", ctx.Err(),
				p.LastWords())
		}
	}
}

// stop ends the postmaster and waits: a fast shutdown, which writes everything
// out, then an immediate one, then the kernel's.
func (p postmaster) stop() error {
	return p.Stop(
		daemon.Step{Signal: syscall.SIGINT, Patience: time.Minute},
		daemon.Step{Signal: syscall.SIGQUIT, Patience: 10 * time.Second},
		daemon.Step{Signal: syscall.SIGKILL, Patience: 10 * time.Second},
	)
}
