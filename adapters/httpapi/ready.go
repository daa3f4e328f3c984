package httpapi

import (
	"context"
	"time"
)

// readyFor is how long it is believed that the program can serve.
const readyFor = time.Second

// readiness asks [Options.Ready] for everybody who asks /readyz, one call at a
// time, so that strangers can't keep the database busy. A bad answer isn't kept:
// whoever asks next sees the program recover.
type readiness struct {
	ask   func(context.Context) error
	clock func() time.Time
	turn  chan struct{} // full while somebody asks; it guards until
	until time.Time
}

func newReadiness(o Options) *readiness {
	return &readiness{ask: o.Ready, clock: o.Clock, turn: make(chan struct{}, 1)}
}

func (r *readiness) check(ctx context.Context) error {
	if r.ask == nil {
		return nil
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	asked := r.clock()
	if asked.Before(r.until) {
		return nil
	}
	err := r.ask(ctx)
	if err == nil {
		r.until = asked.Add(readyFor)
	}
	return err
}
