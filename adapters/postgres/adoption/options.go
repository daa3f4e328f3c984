package adoption

import "time"

// Options say how far postgres.MigrateUp and postgres.MigrateDown go, and how long they wait
// and retry. The zero value of each field works.
type Options struct {
	// Phase is the last phase that is carried out or reverted. Defaults to Expand: going up,
	// that is the phase in which the old version still works; going down, it reverts the
	// whole adoption.
	Phase Phase

	// LockTimeout limits how long one statement waits for a lock, since other sessions queue
	// after it meanwhile. Defaults to 300 ms.
	LockTimeout time.Duration

	// RetryTimeout limits how long a statement that didn't get its lock is retried. Defaults to
	// 10 minutes.
	RetryTimeout time.Duration

	// PauseFactor is the pause of the backfill after each batch, as a multiple of the batch's
	// duration. Defaults to 1.
	PauseFactor float64

	// Watch is how long the phase Contract looks for statements of the old version before
	// it starts. Defaults to 10 seconds. A shorter time than 2 seconds counts as 2 seconds.
	Watch time.Duration

	// OnEvent is called when a statement begins, waits for a lock and ends, and after each
	// batch. An error that it returns ends the migration.
	OnEvent func(Event) error
}
