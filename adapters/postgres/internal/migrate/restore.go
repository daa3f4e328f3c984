package migrate

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/examine"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// readSwitchedOff returns what somebody switched off in a database that an earlier migration
// protected, and what this migration restores: row security, policies, triggers and grants. Tables
// that were never protected aren't among it.
func readSwitchedOff(ctx context.Context, db *bun.DB, c Config) (objects []string, err error) {
	var migrated bool
	err = db.NewRaw("SELECT to_regclass('bailiwick.migrations') IS NOT NULL").Scan(ctx, &migrated)
	if err != nil || !migrated || c.adopting {
		return nil, err
	}
	// the savepoint takes the settings back
	if _, err := db.ExecContext(ctx, "SAVEPOINT switched_off; "+catalog.LocalSettings); err != nil {
		return nil, err
	}
	if objects, err = findSwitchedOff(ctx, db, c); err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, "ROLLBACK TO SAVEPOINT switched_off")
	return objects, err
}

func findSwitchedOff(ctx context.Context, db *bun.DB, c Config) (objects []string, err error) {
	cat := catalog.New(db, c.Settings, c.Declared)
	tables, err := cat.RowSecurity(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if off := t.SwitchedOff(); t.Declared && len(off) > 0 {
			objects = append(objects,
				sqltext.WithoutQuotes(t.Name)+": "+strings.Join(off, ", "))
		}
	}
	policies, err := cat.Policies(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		if p.Name == catalog.TenantPolicy && p.Known && !p.Library && !p.OfLibrary() {
			objects = append(objects, p.Table+": the policy was changed")
		}
	}
	grants, err := examine.MissingGrants(ctx, cat)
	return append(objects, grants...), err
}

// recordRestored logs what was switched off and is restored, and writes it to the platform's audit
// log: somebody who switches row security off must not be able to hide it with a restart.
func recordRestored(ctx context.Context, db *bun.DB, c Config, objects []string) error {
	if len(objects) == 0 {
		return nil
	}
	c.Logger.WarnContext(ctx, "the isolation of tenants was switched off in the database, and is"+
		" restored", "objects", objects)
	return audit.RecordPlatform(ctx, db, tenancy.Event{
		Action: "rowsecurity.restore", Target: tenancy.AuditTarget{Kind: "database"},
		Details: map[string]any{"objects": objects},
	})
}
