package main

import (
	"context"
	"errors"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// rotateCmd makes a new signing key. Its settings are those of serve.
type rotateCmd struct{}

// Run makes the key, and leaves the old one in force until what it signed has
// expired.
func (c *rotateCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		o.SkipMigrations = true
		db, err := postgres.Open(ctx, o)
		if err != nil {
			return notCurrent(o, err)
		}
		if err = db.RotateSigningKey(ctx); err == nil {
			t.printLine("The new key signs in a minute; the old one is good for five more.")
		}
		return errors.Join(err, db.Close())
	})
}
