package pgxservice

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/hosttest/noteservice"
)

type notes struct {
	db   *postgres.DB
	pool *pgxpool.Pool
}

func connect(ctx context.Context, db *postgres.DB) (noteservice.Store, func(), error) {
	pool, err := pgxpool.New(ctx, db.AppURL())
	if err != nil {
		return nil, nil, err
	}
	return &notes{db, pool}, pool.Close, nil
}

// inTenant runs f in a transaction that is bound to the tenant in ctx.
func (n *notes) inTenant(ctx context.Context, f func(tx pgx.Tx) error) error {
	setting, err := n.db.TenantSetting(ctx)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, n.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, setting); err != nil {
			return err
		}
		return f(tx)
	})
}

func (n *notes) List(ctx context.Context) (titles []string, err error) {
	err = n.inTenant(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT title FROM notes ORDER BY title")
		if err != nil {
			return err
		}
		titles, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return titles, err
}

func (n *notes) Add(ctx context.Context, title string) error {
	return n.inTenant(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO notes (title) VALUES ($1)", title)
		return err
	})
}
