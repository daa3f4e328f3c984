package postgres

import (
	"context"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/examine"
)

// Doctor examines a database as the user of [Options].URL and reports what weakens the
// isolation of tenants: in the catalog, in the roles' logins, and rows without a tenant.
// It also examines a database that [Open] refuses. It changes nothing. Findings are sorted:
// errors first.
func Doctor(ctx context.Context, o Options) ([]doctor.Finding, error) {
	c, err := o.check(ctx)
	if err != nil {
		return nil, err
	}
	return examine.AsOwner(ctx, c.Settings, c.Declared)
}

// Mend runs the SQL of the findings that are safe to fix ([doctor.Finding].Safe), each in a
// separate transaction, and examines the database again. It returns the findings that it
// fixed and those that are left. Where the user of [Options].URL may not run the SQL, the
// finding is left and a warning is written to Options.Logger.
func Mend(ctx context.Context, o Options) (mended, left []doctor.Finding, err error) {
	c, err := o.check(ctx)
	if err != nil {
		return nil, nil, err
	}
	return examine.Mend(ctx, c.Settings, c.Declared)
}
