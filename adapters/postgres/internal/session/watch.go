package session

import (
	"context"

	"github.com/uptrace/bun/driver/pgdriver"
)

// Watch cancels the statement of c on the server if ctx ends before stop is called. stop
// reports whether it did; the caller must then close the connection. c must come from
// an [Opener] or a [Connector].
func Watch(ctx context.Context, c *pgdriver.Conn) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return false }
	}
	cancelled := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(cancelled)
		wireOf(c).cancel()
	})
	var called, stopped bool
	return func() bool {
		if !called {
			called, stopped = true, !unwatch()
		}
		if stopped {
			<-cancelled
		}
		return stopped
	}
}
