package rls

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
)

// CreateGetFunctions creates the get function of each kind. Every migration replaces the
// functions, so that they always match the declaration. During an adoption they are created
// before the columns that they read: PL/pgSQL checks these only when a function runs.
func CreateGetFunctions(ctx context.Context, tx bun.IDB, d *declare.Set) error {
	for _, t := range d.KindTables {
		if _, err := tx.ExecContext(ctx, catalog.CreateGet(d, t)); err != nil {
			return fmt.Errorf("the get function of %s: %w", t.SQL, err)
		}
	}
	return nil
}
