package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// migrateCmd works on the database's schema. Its settings are those of serve.
type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" default:"1" help:"Bring the schema up: all of it or nothing."`
	Status migrateStatusCmd `cmd:"" help:"Say whether the schema is current; exit 1 if it isn't."`
}

type migrateUpCmd struct{}

// Run brings the schema up.
func (c *migrateUpCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		if err := postgres.Migrate(ctx, o); err != nil {
			return err
		}
		fmt.Fprintln(t.out, "The schema is current.")
		return nil
	})
}

type migrateStatusCmd struct{}

// Run says whether the schema is current.
func (c *migrateStatusCmd) Run(ctx context.Context, t terminal) error {
	return withDatabase(ctx, t, func(o postgres.Options) error {
		o.SkipMigrations = true
		db, err := postgres.Open(ctx, o)
		if err != nil {
			return notCurrent(o, err)
		}
		fmt.Fprintln(t.out, "The schema is current.")
		return db.Close()
	})
}

// notCurrent adds to the error of an Open that wasn't to migrate what may help.
func notCurrent(o postgres.Options, err error) error {
	if !o.SkipMigrations {
		return err
	}
	return fmt.Errorf("%w\nif the schema isn't current, bring it up with: registry migrate up", err)
}

// withDatabase runs fn on the database of the settings, which is started for it
// where it is the embedded one.
func withDatabase(ctx context.Context, t terminal, fn func(postgres.Options) error) error {
	set, err := readSettings(t.getenv)
	if err != nil {
		return err
	}
	reg := &registry{}
	options, err := reg.database(ctx, set, logger(t.err))
	if err == nil {
		err = fn(options)
	}
	return errors.Join(err, reg.close())
}
