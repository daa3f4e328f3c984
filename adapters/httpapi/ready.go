package httpapi

import (
	"context"
	"time"
)

// readyTTL is how long it is believed that the program can serve.
const readyTTL = time.Second

// readiness asks [Options.Ready] for everybody who asks /readyz, one call at a
// time, so that strangers can't keep the database busy. A bad answer isn't kept:
// whoever asks next sees the program recover.
type readiness struct {
	probe      func(context.Context) error
	clock      func() time.Time
	semaphore  chan struct{} // full while somebody asks; it guards until
	validUntil time.Time
}

func newReadiness(o Options) *readiness {
	return &readiness{probe: o.Ready, clock: o.Clock, semaphore: make(chan struct{}, 1)}
}

func (r *readiness) check(ctx context.Context) error {
	if r.probe == nil {
		return nil
	}
	select {
	case r.semaphore <- struct{}{}:
		defer func() { <-r.semaphore }()
	case <-ctx.Done():
		return ctx.Err()
	}
	asked := r.clock()
	if asked.Before(r.validUntil) {
		return nil
	}
	err := r.probe(ctx)
	if err == nil {
		r.validUntil = asked.Add(readyTTL)
	}
	return err
}
