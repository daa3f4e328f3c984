package rls

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// runAsAdmin runs statements for which the migrating user may lack the privilege, each in a
// savepoint. If the server refuses one, the error contains it and the following ones, for the
// database's administrator.
func runAsAdmin(ctx context.Context, tx bun.IDB, statements []string) error {
	for i, s := range statements {
		refused, err := inSavepoint(ctx, tx, s)
		if err != nil {
			return err
		}
		switch pgerr.State(refused) {
		case "": // done
		case pgerr.StateDuplicateObject, pgerr.StateUnique:
			// the migration of another database created the role at the same time
		default:
			return fmt.Errorf("the database's administrator must run:\n%s;\n%w",
				hidePasswords(statements[i:]), refused)
		}
	}
	return nil
}

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

// hidePasswords joins statements for the administrator, with "…" for passwords. The administrator
// chooses a password and puts it into the role's URL.
func hidePasswords(statements []string) string {
	shown := make([]string, len(statements))
	for i, s := range statements {
		before, _, hasPassword := strings.Cut(s, " PASSWORD ")
		shown[i] = before
		if hasPassword {
			shown[i] += " PASSWORD '…'"
		}
	}
	return strings.Join(shown, ";\n")
}

// joinRole makes the migrating user a member of a role, so that it can make this role the owner
// of its objects and still migrate them afterwards. A superuser needs no membership. The check
// is for USAGE, because since PostgreSQL 16 the creator of a role is a member without the role's
// privileges.
func joinRole(ctx context.Context, tx bun.IDB, role string) error {
	var member bool
	err := tx.NewRaw("SELECT rolsuper OR pg_has_role(oid, ?, 'USAGE') FROM pg_roles"+
		" WHERE rolname = current_user", role).Scan(ctx, &member)
	if err != nil || member {
		return err
	}
	return runAsAdmin(ctx, tx, []string{"GRANT " + sqltext.Quote(role) + " TO CURRENT_USER"})
}
