package examine

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checks are all checks of the catalog. Each takes a query or two.
var checks = []func(context.Context, *catalog.Catalog) ([]doctor.Finding, error){
	checkServerVersion,
	checkRowSecurity,
	checkPolicies,
	checkShared,
	checkLibrary,
	queryChecks(roleChecks, grantChecks, keyChecks, viewChecks, functionChecks, settingChecks,
		replicationChecks),
}

// runChecks runs all checks in the transaction c.Tx, in which it sets a search path: the server
// then writes names with their schemas, and nothing in the host's schemas hides an object of
// the catalog.
func runChecks(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	if _, err := c.Tx.ExecContext(ctx, catalog.LocalSettings); err != nil {
		return nil, pgerr.Translate(err)
	}
	var findings []doctor.Finding
	for _, check := range checks {
		found, err := check(ctx, c)
		if err != nil {
			return nil, pgerr.Translate(err)
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// errorsFirst sorts errors before warnings, and keeps the order otherwise.
func errorsFirst(findings []doctor.Finding) []doctor.Finding {
	slices.SortStableFunc(findings,
		func(a, b doctor.Finding) int {
			return strings.Compare(string(a.Severity), string(b.Severity))
		})
	return findings
}

// AsSystemRole examines the catalog of an open database as the system role. It doesn't read the host's
// tables. With tenancy off, the checks of the application's role find nothing. Errors come first.
func AsSystemRole(ctx context.Context, p *pool.Pool, d *declare.Set) ([]doctor.Finding, error) {
	c := catalog.New(p.System, p.Settings, d)
	if p.Settings.MultiTenant {
		var err error
		if c.MigratingUser, err = p.Settings.MigratingUser(); err != nil {
			return nil, err
		}
		if err := readSessionUsers(ctx, p, c); err != nil {
			return nil, err
		}
	}
	var findings []doctor.Finding
	ctx = pool.CrossTenant(ctx, "examine the isolation")
	err := p.System.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) (err error) {
			c.Tx = tx
			findings, err = runChecks(ctx, c)
			return err
		})
	return errorsFirst(findings), pgerr.Translate(err)
}

// readSessionUsers asks the server for the roles of the two pools: a pooler between a pool and the
// server may log in as another role than the pool's URL says.
func readSessionUsers(ctx context.Context, p *pool.Pool, c *catalog.Catalog) error {
	const query = "SELECT session_user"
	app := tenancy.NewContext(ctx, tenancy.DefaultID)
	if err := p.App.QueryRowContext(app, query).Scan(&c.Roles.App); err != nil {
		return pgerr.Translate(err)
	}
	system := pool.CrossTenant(ctx, "read the session's user")
	return pgerr.Translate(p.System.QueryRowContext(system, query).Scan(&c.Roles.System))
}

// AsOwner examines a database as the user of Settings.URL, even a database that can't be served.
// It also looks for rows without a tenant, and changes nothing. Errors come first.
func AsOwner(
	ctx context.Context, s pool.Settings, d *declare.Set,
) (findings []doctor.Finding, err error) {
	err = withOwner(s, func(db *bun.DB) error {
		if _, err := catalog.ReadKindTables(ctx, db, d); err != nil {
			return err
		}
		findings, err = examineAll(ctx, s, d, db)
		return err
	})
	return findings, err
}

// Mend runs the SQL of each finding that is safe to fix, each in its own transaction, and examines
// the database again. It returns the findings that it fixed and those that are left. SQL that
// fails is logged, and its finding is left.
func Mend(
	ctx context.Context, s pool.Settings, d *declare.Set,
) (mended, left []doctor.Finding, err error) {
	err = withOwner(s, func(db *bun.DB) error {
		if _, err := catalog.ReadKindTables(ctx, db, d); err != nil {
			return err
		}
		found, err := examineAll(ctx, s, d, db)
		if err != nil {
			return err
		}
		mended = mendSafe(ctx, s, db, found)
		left, err = examineAll(ctx, s, d, db)
		return err
	})
	return mended, left, err
}

// mendSafe runs the SQL of the safe findings, each with a limit for the time that it waits for
// locks: a running service must not wait for it.
func mendSafe(
	ctx context.Context, s pool.Settings, db *bun.DB, found []doctor.Finding,
) (mended []doctor.Finding) {
	for _, f := range found {
		if !f.Safe {
			continue
		}
		if _, err := db.ExecContext(ctx, "SET LOCAL lock_timeout = '10s'; "+f.Fix); err != nil {
			s.Logger.WarnContext(ctx, "the SQL that fixes a finding failed", "object", f.Object,
				"sql", f.Fix, "error", err)
			continue
		}
		mended = append(mended, f)
	}
	return mended
}

// withOwner calls fn with one connection of the user of Settings.URL.
func withOwner(s pool.Settings, fn func(*bun.DB) error) error {
	connector, err := s.NewOwnerConnector(pool.BulkTimeout)
	if err != nil {
		return err
	}
	db := bun.NewDB(sql.OpenDB(connector), pgdialect.New())
	db.SetMaxOpenConns(1)
	return errors.Join(fn(db), db.Close())
}

// examineAll examines the catalog, the logins of the pools, and the rows.
func examineAll(
	ctx context.Context, s pool.Settings, d *declare.Set, db *bun.DB,
) ([]doctor.Finding, error) {
	c := catalog.New(db, s, d)
	var err error
	if c.MigratingUser, err = s.MigratingUser(); err != nil {
		return nil, err
	}
	if f, err := unmigrated(ctx, db); err != nil || f != nil {
		return f, pgerr.Translate(err)
	}
	findings := checkLogins(ctx, s, c)
	err = db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) error {
			c.Tx = tx
			found, err := runChecks(ctx, c)
			if err != nil {
				return err
			}
			rows, err := checkRows(ctx, c)
			if slices.ContainsFunc(found, isRoleMissing) {
				findings = nil // a role that doesn't exist can't log in: don't report it twice
			}
			findings = append(append(findings, found...), rows...)
			return err
		})
	return errorsFirst(findings), pgerr.Translate(err)
}

// unmigrated returns the only finding about a database that was never migrated, nil for any other:
// that each table, role and policy is missing would say the same many times.
func unmigrated(ctx context.Context, db *bun.DB) ([]doctor.Finding, error) {
	var migrated bool
	err := db.NewRaw("SELECT to_regclass('bailiwick.migrations') IS NOT NULL").Scan(ctx, &migrated)
	if err != nil || migrated {
		return nil, err
	}
	return []doctor.Finding{{Severity: doctor.SeverityError, Code: "not_migrated",
		Object: "database", Why: "the database isn't migrated: it has nothing of the library yet, so" +
			" there is nothing to examine; migrate first"}}, nil
}

func isRoleMissing(f doctor.Finding) bool { return f.Code == "role_missing" }

// unservable are the codes of findings with which a database can't serve even one tenant.
var unservable = []string{"table_missing", "not_migrated"}

// CheckServable returns the error for which a database isn't served, nil if it can be: it lists the
// findings that are errors, each with the SQL that fixes it. With tenancy off only findings in
// unservable count.
func CheckServable(findings []doctor.Finding, multiTenant bool) error {
	var lines []string
	for _, f := range findings {
		if f.Severity != doctor.SeverityError || !multiTenant &&
			!slices.Contains(unservable, f.Code) {
			continue
		}
		lines = append(lines, "- "+f.Object+": "+f.Why)
		if f.Fix != "" {
			lines = append(lines, "  "+strings.ReplaceAll(f.Fix, "\n", "\n  ")+";")
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return tenancy.Errorf(tenancy.CodeInternal, "the database doesn't isolate tenants:\n%s",
		strings.Join(lines, "\n"))
}
