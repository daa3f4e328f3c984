package adoption

import "time"

// Options say how far [MigrateUp] and [MigrateDown] go and how careful
// they are. The zero value of each works.
type Options struct {
	// Phase is the last one that is carried out, or taken back. Defaults to
	// Expand: up, that is the phase that harms nobody; down, all of it.
	Phase Phase

	// LockTimeout bounds how long one statement waits for a lock, and others
	// behind it. Defaults to 300 ms.
	LockTimeout time.Duration

	// Patience bounds how long a statement whose lock wasn't to be had is tried
	// again. Defaults to 10 minutes.
	Patience time.Duration

	// Rest is how long the backfill pauses behind each batch, in times of the
	// batch's own. Defaults to 1.
	Rest float64

	// Watch is how long the contraction looks for statements of the old version.
	// Defaults to 10 seconds; at least 2.
	Watch time.Duration

	// Tell hears of each statement when it begins and ends, and of each batch.
	// An error of its ends the migration.
	OnEvent func(Event) error
}
