package rls

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
)

// CreateGetFunctions creates the get function of each kind. Every migration replaces the
// functions, so that they always match the declaration. During an adoption they are created
// before the columns that they read: PL/pgSQL checks these only when a function runs.
func CreateGetFunctions(ctx context.Context, tx bun.IDB, d *declare.Set) error {
	for _, t := range d.KindTables {
		_, err := tx.ExecContext(ctx, itemsql.CreateGetFunction(d, t)+
			";\nREVOKE ALL ON FUNCTION "+itemsql.GetFunctionSignature(t)+" FROM PUBLIC")
		if err != nil {
			return fmt.Errorf("the get function of %s: %w", t.SQL, err)
		}
	}
	return nil
}
