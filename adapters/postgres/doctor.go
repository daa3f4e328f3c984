package postgres

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Severity says whether a database with the finding is served.
type Severity string

const (
	// SeverityError lets rows cross tenants: with MultiTenant, [Open] refuses.
	SeverityError Severity = "error"

	// SeverityWarning takes away a second wall, or would be an error after one
	// more mistake.
	SeverityWarning Severity = "warning"
)

// Finding is one thing in the database that weakens the isolation of tenants.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`   // stable, snake_case
	Object   string   `json:"object"` // as SQL names it
	Why      string   `json:"why"`    // why it matters, in one sentence
	Fix      string   `json:"fix"`    // the SQL that mends it; empty where none can
	// [Mend] runs Fix: it takes from nobody but the library's own roles, and deletes and rewrites nothing
	Safe bool `json:"safe"`
}

// examination is one look at a database.
type examination struct {
	tx       bun.IDB // within a transaction
	declared *declarations
	app      string // the application's role; empty with tenancy off
	system   string
	owner    string // the user of Options.URL
	scope    Scope
}

// checks are all that the catalog is asked, a query or two each.
var checks = []func(context.Context, *examination) ([]Finding, error){
	checkServerVersion,
	checkRowSecurity,
	checkPolicies,
	checkLibrary,
	inCatalog(roleChecks, grantChecks, keyChecks, viewChecks, functionChecks, settingChecks,
		announcementChecks),
}

// catalogOnly keeps names whole in what the catalog's functions answer, and
// whatever else could be in a search path out of the examination. The planner
// takes these queries for large ones, which they aren't.
const catalogOnly = "SET LOCAL search_path = pg_catalog; SET LOCAL jit = off"

func (e *examination) run(ctx context.Context) ([]Finding, error) {
	if _, err := e.tx.ExecContext(ctx, catalogOnly); err != nil {
		return nil, translate(err)
	}
	var findings []Finding
	for _, check := range checks {
		found, err := check(ctx, e)
		if err != nil {
			return nil, translate(err)
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// sorted puts errors first.
func sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings,
		func(a, b Finding) int { return strings.Compare(string(a.Severity), string(b.Severity)) })
	return findings
}

// Doctor examines the catalog for what would let rows cross tenants. It is what
// [Open] and [DB.Ready] ask, and reads no table of the host's: [Doctor], the
// function, also looks for rows without a tenant.
//
// With MultiTenant off, findings about the application's role don't apply.
func (db *DB) Doctor(ctx context.Context) ([]Finding, error) {
	e := &examination{declared: db.declared, scope: db.options.Scope}
	if db.options.MultiTenant {
		owner, err := url.Parse(db.options.URL)
		if err != nil {
			return nil, errURL
		}
		e.owner = owner.User.Username()
		if err := db.askRoles(ctx, e); err != nil {
			return nil, err
		}
	}
	var findings []Finding
	ctx = crossTenant(ctx, "examine the isolation")
	err := db.system.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) (err error) {
			e.tx = tx
			findings, err = e.run(ctx)
			return err
		})
	return sorted(findings), translate(err)
}

var errURL = errors.New(
	"postgres: Options.URL isn't of the form postgres://user:password@host:port/database")

// askRoles learns which roles the two pools really are: what stands between
// them and the database may log in as somebody else.
func (db *DB) askRoles(ctx context.Context, e *examination) error {
	const query = "SELECT session_user"
	err := db.app.QueryRowContext(tenancy.NewContext(ctx, tenancy.DefaultID), query).Scan(&e.app)
	if err != nil {
		return translate(err)
	}
	return translate(db.system.QueryRowContext(crossTenant(ctx, "ask who it is"), query).
		Scan(&e.system))
}

// Doctor examines a database as the user of Options.URL, also one that [Open]
// refuses. It changes nothing. Errors come first.
func Doctor(ctx context.Context, o Options) ([]Finding, error) {
	var findings []Finding
	err := asOwner(o, func(o Options, d *declarations, db *bun.DB) (err error) {
		findings, err = examineAll(ctx, o, d, db)
		return err
	})
	return findings, err
}

// Mend runs the SQL of the findings that are safe to mend, each in a
// transaction of its own, and examines again. It answers what it mended and
// what is left. What the user of Options.URL may not run is left, and
// Options.Logger hears of it.
func Mend(ctx context.Context, o Options) (mended, left []Finding, err error) {
	err = asOwner(o, func(o Options, d *declarations, db *bun.DB) error {
		found, err := examineAll(ctx, o, d, db)
		if err != nil {
			return err
		}
		for _, f := range found {
			if !f.Safe {
				continue
			}
			if _, err := db.ExecContext(ctx, "SET LOCAL lock_timeout = '10s'; "+f.Fix); err != nil {
				o.Logger.WarnContext(ctx, "not mended", "object", f.Object, "sql", f.Fix, "error",
					err)
				continue
			}
			mended = append(mended, f)
		}
		left, err = examineAll(ctx, o, d, db)
		return err
	})
	return mended, left, err
}

func asOwner(o Options, fn func(Options, *declarations, *bun.DB) error) error {
	o, err := o.check()
	if err != nil {
		return err
	}
	declared, err := newDeclarations(o.Tables)
	if err != nil {
		return err
	}
	inner, err := connector(o.URL, bulkTimeout)
	if err != nil {
		return err
	}
	db := bun.NewDB(sql.OpenDB(inner), pgdialect.New())
	db.SetMaxOpenConns(1)
	return errors.Join(fn(o, declared, db), db.Close())
}

// examineAll examines the catalog, who logs in, and the rows.
func examineAll(ctx context.Context, o Options, d *declarations, db *bun.DB) ([]Finding, error) {
	e := &examination{declared: d, app: o.appRole, system: o.systemRole, scope: o.Scope}
	owner, err := url.Parse(o.URL)
	if err != nil {
		return nil, errURL
	}
	e.owner = owner.User.Username()
	findings := e.logIn(ctx, o)
	err = db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) error {
			e.tx = tx
			found, err := e.run(ctx)
			if err != nil {
				return err
			}
			rows, err := checkRows(ctx, e)
			missing := slices.ContainsFunc(found,
				func(f Finding) bool { return f.Code == "role_missing" })
			if missing { // which is why it can't log in
				findings = nil
			}
			findings = append(append(findings, found...), rows...)
			return err
		})
	return sorted(findings), translate(err)
}

// refusal is the error of a database that isn't served: its findings, each with
// the SQL that mends it. With tenancy off only what can't work at all is one.
func refusal(findings []Finding, multiTenant bool) error {
	var lines []string
	for _, f := range findings {
		if f.Severity != SeverityError || !multiTenant && !slices.Contains(unservable, f.Code) {
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
