// Package readiness checks whether a program can serve.
package readiness

import (
	"context"
	"time"
)

// readyTTL is how long a successful readiness check is cached.
const readyTTL = time.Second

// Check calls a probe for all requests of /readyz, one call at a time, so
// that callers without credentials can't load the database. It doesn't cache a
// failure: the next request sees that the program has recovered.
type Check struct {
	probe      func(context.Context) error
	clock      func() time.Time
	semaphore  chan struct{} // full during a call of probe; guards validUntil
	validUntil time.Time
}

// New returns a check with a probe; nil: always ready.
func New(probe func(context.Context) error, clock func() time.Time) *Check {
	return &Check{probe: probe, clock: clock, semaphore: make(chan struct{}, 1)}
}

// Run returns the cached success or the result of a new call of probe. A caller that
// gives up while it waits for its turn gets the error of its context.
func (r *Check) Run(ctx context.Context) error {
	if r.probe == nil {
		return nil
	}
	select {
	case r.semaphore <- struct{}{}:
		defer func() { <-r.semaphore }()
	case <-ctx.Done():
		return ctx.Err()
	}
	start := r.clock()
	if start.Before(r.validUntil) {
		return nil
	}
	err := r.probe(ctx)
	if err == nil {
		r.validUntil = start.Add(readyTTL)
	}
	return err
}
