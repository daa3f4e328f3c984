package database

import (
	"context"
	"errors"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/examples/registry/server"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// RotateInstanceCmd creates a new key that signs bundles. It reads the same settings as serve.
type RotateInstanceCmd struct{}

// Help says what becomes of the old key.
func (RotateInstanceCmd) Help() string {
	return `Running servers sign with the new key at once. The old public key stays in GET /api/v1/instance, so that the
bundles that it signed can be verified. Tenants elsewhere that trust the old key must trust the new one too.`
}

// Run creates the key and prints its id.
func (c *RotateInstanceCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return server.WithDatabase(ctx, t, func(o postgres.Options) error {
		o.SkipMigrations = true
		db, err := postgres.Open(ctx, o)
		if err != nil {
			return server.NotCurrent(o, err)
		}
		key, err := db.RotateInstanceKey(ctx)
		if err == nil {
			t.PrintLine("The key %s signs bundles from now on.", key.ID)
		}
		return errors.Join(err, db.Close())
	})
}
