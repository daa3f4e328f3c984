package rls

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
)

// inSavepoint runs a statement in a savepoint. If the server refuses the statement, its error is
// refused, and the transaction can continue. err is any other error.
func inSavepoint(ctx context.Context, tx bun.IDB, statement string) (refused, err error) {
	_, err = tx.ExecContext(ctx, "SAVEPOINT attempt; "+statement+"; RELEASE SAVEPOINT attempt")
	if pgerr.State(err) == "" {
		return nil, err
	}
	refused = err
	_, err = tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT attempt")
	return refused, err
}
