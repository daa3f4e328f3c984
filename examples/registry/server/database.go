package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// NotCurrent adds to an error of postgres.Open the command that may solve it.
func NotCurrent(o postgres.Options, err error) error {
	if errors.Is(err, adoption.ErrNotContracted) {
		return fmt.Errorf("%w\nMULTI_TENANT=true requires a contracted database. After the old"+
			" version has stopped: registry migrate up --phase contract", err)
	}
	if !o.SkipMigrations {
		return err
	}
	return fmt.Errorf("%w\nif the schema isn't current, run: registry migrate up", err)
}

// WithDatabase calls fn with the options of the configured database. If that is the embedded
// PostgreSQL, it uses the one that a running server has started, or else starts it for fn and
// stops it afterwards.
func WithDatabase(ctx context.Context, t terminal.Terminal, fn func(postgres.Options) error) error {
	cfg, err := ReadSettings(t.Getenv)
	if err != nil {
		return err
	}
	reg := &Registry{shareEmbedded: true}
	options, err := reg.databaseOptions(ctx, cfg, logger(t.Err))
	if err == nil {
		err = fn(options)
	}
	return errors.Join(err, reg.Close())
}
