package database

import (
	"context"
	"errors"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/examples/registry/server"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// RotateCmd creates a new signing key. It reads the same settings as serve.
type RotateCmd struct{}

// Help describes when the new key is used.
func (RotateCmd) Help() string {
	return `Running servers read the new key by themselves. The old key stays valid until every signature that was
made with it has expired.`
}

// Run creates the key. The old key stays valid until all its signatures have
// expired.
func (c *RotateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return server.WithDatabase(ctx, t, func(o postgres.Options) error {
		o.SkipMigrations = true
		db, err := postgres.Open(ctx, o)
		if err != nil {
			return server.NotCurrent(o, err)
		}
		if err = db.RotateSigningKey(ctx); err == nil {
			t.PrintLine("The new key is used in one minute; the old key stays valid for five" +
				" minutes after that.")
		}
		return errors.Join(err, db.Close())
	})
}
