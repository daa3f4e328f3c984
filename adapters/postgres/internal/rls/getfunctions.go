package rls

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
)

// CreateGetFunctions makes the functions, anew by each migration, so that none lags behind
// the declaration. In a database that is being adopted they come before what they
// look at.
func CreateGetFunctions(ctx context.Context, tx bun.IDB, d *declare.Set) error {
	for _, t := range d.KindTables {
		_, err := tx.ExecContext(ctx, itemsql.CreateGetFunction(d, t)+";\nREVOKE ALL ON FUNCTION "+
			itemsql.GetFunctionSignature(t)+
			" FROM PUBLIC")
		if err != nil {
			return fmt.Errorf("getting %s: %w", t.SQL, err)
		}
	}
	return nil
}
