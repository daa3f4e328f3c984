package pgxservice

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

type notes struct {
	db   *postgres.DB
	pool *pgxpool.Pool
}

func openNotes(ctx context.Context, db *postgres.DB) (*notes, error) {
	pool, err := pgxpool.New(ctx, db.AppURL())
	return &notes{db, pool}, err
}

func (n *notes) close() { n.pool.Close() }

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

func (n *notes) list(ctx context.Context) (titles []string, err error) {
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

func (n *notes) add(ctx context.Context, title string) error {
	return n.inTenant(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO notes (title) VALUES ($1)", title)
		return err
	})
}
