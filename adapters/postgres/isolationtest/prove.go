package isolationtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// TB is the part of [testing.TB] that [Prove] needs.
type TB interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Options say what the proof can't find out by itself. The zero value works
// with the handler of httpapi.
type Options struct {
	// Document is the path of the OpenAPI document, which must be answered
	// without credentials. Defaults to "/api/v1/openapi.json".
	Document string

	// Sign gives a request the credentials of an ordinary member of tenant, who
	// is an administrator there and nothing elsewhere. Defaults to an API key
	// as bearer token.
	Sign func(r *http.Request, tenant tenancy.ID)

	// Seed writes rows of tenant, which stands in ctx too, into tables that the
	// proof can't fill: it knows types, keys and simple checks, no triggers.
	// Texts that tell the tenants apart make the proof stronger.
	Seed func(ctx context.Context, tenant tenancy.ID) error

	// Skip names routes that can't be attacked, "GET /reports/{id}", with the
	// reason.
	Skip map[string]string
}

const defaultDocument = "/api/v1/openapi.json"

// maxShown is how many breaches a failing proof lists.
const maxShown = 50

// Prove fails t for each breach that [Examine] finds, logs the matrix, and
// answers it. At most one Options may be given.
func Prove(t TB, db *postgres.DB, handler http.Handler, options ...Options) Matrix {
	t.Helper()
	var o Options
	if len(options) > 1 {
		t.Fatalf("isolationtest.Prove: %d Options given, at most one has a meaning", len(options))
	}
	if len(options) == 1 {
		o = options[0]
	}
	m, err := Examine(t.Context(), db, handler, o)
	if err != nil {
		t.Fatalf("isolation can't be proved: %v", err)
	}
	t.Logf("%s", m)
	for i, b := range m.Breaches {
		if i == maxShown {
			t.Errorf("and %d more", len(m.Breaches)-maxShown)
			break
		}
		t.Errorf("%s", b)
	}
	return m
}

// Examine attacks, and answers what held and what didn't. It writes two tenants
// into the database, and switches row security off for a while: a database that
// already has tenants is refused, and so is one without tenancy. The error is
// about what kept it from examining, never about a breach.
func Examine(
	ctx context.Context, db *postgres.DB, handler http.Handler, o Options,
) (Matrix, error) {
	if handler == nil {
		return Matrix{}, errors.New("isolationtest: the handler is nil")
	}
	inside, err := filterbypass.Look(db)
	if err != nil {
		return Matrix{}, err
	}
	defer inside.Owner.Close()
	if !inside.MultiTenant {
		return Matrix{}, errors.New(
			"isolationtest: Options.MultiTenant of the database is off: there is nothing to keep" +
				" apart")
	}
	if o.Document == "" {
		o.Document = defaultDocument
	}
	e := &examination{db: db, services: db.Services(), handler: handler, internals: inside, options: o,
		unfilled: map[*relation]error{}, cursors: map[string]string{}, nonexistent: map[string]string{}}
	if err := e.prepare(ctx); err != nil {
		return Matrix{}, err
	}
	return e.matrix, e.attack(ctx)
}

// examination is one run of [Examine].
type examination struct {
	db        *postgres.DB
	services  ports.Services
	handler   http.Handler
	internals filterbypass.Inside
	options   Options

	tables     []*relation // whatever has a column tenant_id, tables before views
	routes     []operation
	attacker   *tenantSide // who attacks
	victim     *tenantSide // whose rows must neither show nor change
	lastNumber int         // the last number that was given to a generated value

	unfilled    map[*relation]error // why a table stayed empty
	lists       map[string]listing  // by the path of the list
	cursors     map[string]string   // of theirs, by the path of the list; "" is any
	nonexistent map[string]string   // for each value of theirs one that no tenant has

	walls  Walls // those that stand now
	matrix Matrix
}

func (e *examination) prepare(ctx context.Context) error {
	steps := []func(context.Context) error{e.requireEmptyDatabase, e.readCatalog, e.readDocument,
		e.makeTenants, e.seedRows, e.collectIDs}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return fmt.Errorf("isolationtest: %w", err)
		}
	}
	e.matrix.Tables, e.matrix.Routes = len(e.tables), len(e.routes)
	return nil
}

// requireEmptyDatabase keeps the proof away from a database that somebody uses.
func (e *examination) requireEmptyDatabase(ctx context.Context) error {
	found, err := e.services.Tenants.List(ctx, ports.TenantQuery{Limit: 2})
	if err != nil {
		return err
	}
	if len(found) > 1 || len(found) == 1 && found[0].ID != tenancy.DefaultID {
		return errors.New("the database has tenants: the proof writes and switches walls off, so" +
			" give it one to throw away")
	}
	return nil
}

// attack goes through the three settings of the walls.
func (e *examination) attack(ctx context.Context) error {
	before, err := e.checksums(ctx)
	if err != nil {
		return err
	}
	for _, walls := range []Walls{BothWalls, FilterAlone, PolicyAlone} {
		e.walls = walls
		if err := e.attackWith(ctx, before); err != nil {
			return fmt.Errorf("isolationtest: %s: %w", walls, err)
		}
	}
	return nil
}

func (e *examination) attackWith(ctx context.Context, before map[string]string) (err error) {
	attacked := ctx
	switch e.walls {
	case FilterAlone:
		raise, err := e.disableRowSecurity(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, raise()) }()
		if err := e.verifyWallsOff(ctx); err != nil {
			return err
		}
	case PolicyAlone:
		attacked = filterbypass.WithoutFilter(ctx)
	}
	e.checkOwnRows(attacked)
	e.attackRoutes(attacked)
	e.attackPorts(attacked)
	e.attackBuilder(attacked)
	if e.walls != FilterAlone { // raw SQL carries no filter
		e.attackSQL(attacked)
		e.attackAuditLog(attacked)
	}
	return e.compareChecksums(ctx, before)
}
