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

// checks are all that the catalog is asked, a query or two each.
var checks = []func(context.Context, *catalog.Catalog) ([]doctor.Finding, error){
	checkServerVersion,
	checkRowSecurity,
	checkPolicies,
	checkLibrary,
	inCatalog(roleChecks, grantChecks, keyChecks, viewChecks, functionChecks, settingChecks,
		announcementChecks),
}

func run(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
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

// sorted puts errors first.
func sorted(findings []doctor.Finding) []doctor.Finding {
	slices.SortStableFunc(findings,
		func(a, b doctor.Finding) int {
			return strings.Compare(string(a.Severity), string(b.Severity))
		})
	return findings
}

// Running examines the catalog through the pools of an open database. It reads no
// table of the host's. With tenancy off, findings about the application's role don't
// apply.
func Running(ctx context.Context, p *pool.Pool, d *declare.Set) ([]doctor.Finding, error) {
	c := &catalog.Catalog{Declared: d, Scope: p.Settings.Scope}
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
			findings, err = run(ctx, c)
			return err
		})
	return sorted(findings), pgerr.Translate(err)
}

// readSessionUsers reads which roles the two pools really are: what is between them
// and the database may log in as another.
func readSessionUsers(ctx context.Context, p *pool.Pool, c *catalog.Catalog) error {
	const query = "SELECT session_user"
	err := p.App.QueryRowContext(tenancy.NewContext(ctx, tenancy.DefaultID), query).Scan(&c.AppRole)
	if err != nil {
		return pgerr.Translate(err)
	}
	return pgerr.Translate(p.System.QueryRowContext(
		pool.CrossTenant(ctx, "read the session's user"), query).
		Scan(&c.SystemRole))
}

// AsOwner examines a database as the user of Settings.URL, also one that isn't
// served. It changes nothing. Errors come first.
func AsOwner(
	ctx context.Context, s pool.Settings, d *declare.Set,
) (findings []doctor.Finding, err error) {
	err = withOwner(s, func(db *bun.DB) error {
		findings, err = examineAll(ctx, s, d, db)
		return err
	})
	return findings, err
}

// Mend runs the SQL of the findings that are safe to mend, each in a transaction,
// and examines again. It answers what it mended and what is left.
func Mend(
	ctx context.Context, s pool.Settings, d *declare.Set,
) (mended, left []doctor.Finding, err error) {
	err = withOwner(s, func(db *bun.DB) error {
		found, err := examineAll(ctx, s, d, db)
		if err != nil {
			return err
		}
		for _, f := range found {
			if !f.Safe {
				continue
			}
			if _, err := db.ExecContext(ctx, "SET LOCAL lock_timeout = '10s'; "+f.Fix); err != nil {
				s.Logger.WarnContext(ctx, "not mended", "object", f.Object, "sql", f.Fix,
					"error", err)
				continue
			}
			mended = append(mended, f)
		}
		left, err = examineAll(ctx, s, d, db)
		return err
	})
	return mended, left, err
}

func withOwner(s pool.Settings, fn func(*bun.DB) error) error {
	inner, err := pool.NewConnector(s.URL, pool.BulkTimeout)
	if err != nil {
		return err
	}
	db := bun.NewDB(sql.OpenDB(inner), pgdialect.New())
	db.SetMaxOpenConns(1)
	return errors.Join(fn(db), db.Close())
}

// examineAll examines the catalog, who logs in, and the rows.
func examineAll(
	ctx context.Context, s pool.Settings, d *declare.Set, db *bun.DB,
) ([]doctor.Finding, error) {
	c := &catalog.Catalog{Declared: d, AppRole: s.AppRole, SystemRole: s.SystemRole, Scope: s.Scope}
	var err error
	if c.MigratingUser, err = s.MigratingUser(); err != nil {
		return nil, err
	}
	findings := logIn(ctx, s, c)
	err = db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) error {
			c.Tx = tx
			found, err := run(ctx, c)
			if err != nil {
				return err
			}
			rows, err := checkRows(ctx, c)
			missing := slices.ContainsFunc(found,
				func(f doctor.Finding) bool { return f.Code == "role_missing" })
			if missing { // which is why it can't log in
				findings = nil
			}
			findings = append(append(findings, found...), rows...)
			return err
		})
	return sorted(findings), pgerr.Translate(err)
}

// Refusal is the error of a database that isn't served: its findings, each with
// the SQL that mends it. With tenancy off only what can't work at all is one.
func Refusal(findings []doctor.Finding, multiTenant bool) error {
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
	return tenancy.Errorf(tenancy.CodeInternal, "the isolation of tenants isn't whole:\n%s",
		strings.Join(lines, "\n"))
}
