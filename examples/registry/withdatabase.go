package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// notCurrent adds to an error of postgres.Open the command that may solve it.
func notCurrent(o postgres.Options, err error) error {
	if errors.Is(err, postgres.ErrNotContracted) {
		return fmt.Errorf("%w\nMULTI_TENANT=true requires a contracted database. After the old"+
			" version has stopped: registry migrate up --phase contract", err)
	}
	if !o.SkipMigrations {
		return err
	}
	return fmt.Errorf("%w\nif the schema isn't current, run: registry migrate up", err)
}

// withDatabase calls fn with the options of the configured database. It starts the
// embedded PostgreSQL for fn, if that is the configured one, and stops it afterwards.
func withDatabase(ctx context.Context, t terminal, fn func(postgres.Options) error) error {
	cfg, err := readSettings(t.getenv)
	if err != nil {
		return err
	}
	reg := &registry{}
	options, err := reg.databaseOptions(ctx, cfg, logger(t.err))
	if err == nil {
		err = fn(options)
	}
	return errors.Join(err, reg.close())
}
