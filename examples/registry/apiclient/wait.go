package apiclient

import (
	"context"
	"errors"
	"syscall"
	"time"
)

// The pauses between the attempts to reach a registry that is starting.
const (
	firstPause = 50 * time.Millisecond
	longPause  = time.Second
)

// isStarting reports whether a registry may be starting: nothing listens at its address,
// or it said so. In both cases it did nothing, so any request can be sent again.
func isStarting(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Starting
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// waiting is the time that a request waits for a registry to start.
type waiting struct {
	client   *Client
	deadline time.Time
	pause    time.Duration
}

// startWaiting begins the time that the user allows.
func (c *Client) startWaiting() *waiting {
	return &waiting{client: c, deadline: time.Now().Add(c.wait)}
}

// again pauses, and reports whether to try again. Before the first pause it tells the user.
func (w *waiting) again(ctx context.Context, err error) bool {
	left := time.Until(w.deadline)
	if left <= 0 {
		return false
	}
	if w.pause == 0 {
		w.client.note("waiting up to %s for %s: %v", w.client.wait, w.client.Base, err)
	}
	w.pause = min(max(2*w.pause, firstPause), longPause)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(min(w.pause, left)):
		return true
	}
}
