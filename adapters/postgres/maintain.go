package postgres

import (
	"context"
	"crypto/sha256"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/examine"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/instance"
)

// Migrate brings the schema up and leaves: [MigrateUp] with its defaults.
func Migrate(ctx context.Context, o Options) error {
	return MigrateUp(ctx, o, adoption.Options{})
}

// Doctor examines a database as the user of Options.URL, also one that [Open]
// refuses. It changes nothing. Errors come first.
func Doctor(ctx context.Context, o Options) ([]doctor.Finding, error) {
	c, err := o.check()
	if err != nil {
		return nil, err
	}
	return examine.AsOwner(ctx, c.Settings, c.Declared)
}

// Mend runs the SQL of the findings that are safe to mend, each in a
// transaction of its own, and examines again. It answers what it mended and
// what is left. What the user of Options.URL may not run is left, and
// Options.Logger hears of it.
func Mend(ctx context.Context, o Options) (mended, left []doctor.Finding, err error) {
	c, err := o.check()
	if err != nil {
		return nil, nil, err
	}
	return examine.Mend(ctx, c.Settings, c.Declared)
}

// PlatformToken keeps the hash of the platform token. It stores the hash that
// is offered if there is none yet, and answers the one that is stored.
func (db *DB) PlatformToken(
	ctx context.Context, offered [sha256.Size]byte,
) (stored [sha256.Size]byte, err error) {
	return instance.PlatformToken(ctx, db.pool, offered)
}
