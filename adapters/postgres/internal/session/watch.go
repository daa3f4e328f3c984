package session

import (
	"context"

	"github.com/uptrace/bun/driver/pgdriver"
)

// Watch stops what c is doing on the server when ctx ends, until stop is called.
// stop reports whether it was stopped; the connection is of no use then. c comes
// from a [RawConnector].
func Watch(ctx context.Context, c *pgdriver.Conn) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return false }
	}
	over := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(over)
		wireOf(c).cancel()
	})
	var asked, stopped bool
	return func() bool {
		if !asked {
			asked, stopped = true, !unwatch()
		}
		if stopped {
			<-over
		}
		return stopped
	}
}
