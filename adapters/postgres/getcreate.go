package postgres

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// createGetFunctions makes the functions, anew by each migration, so that none lags behind
// the declaration. In a database that is being adopted they come before what they
// look at.
func createGetFunctions(ctx context.Context, tx bun.IDB, d *declarations) error {
	for _, t := range d.order {
		_, err := tx.ExecContext(ctx, CreateGet(d, t)+";\nREVOKE ALL ON FUNCTION "+GetSignature(t)+
			" FROM PUBLIC")
		if err != nil {
			return fmt.Errorf("getting %s: %w", t.sql, err)
		}
	}
	return nil
}
