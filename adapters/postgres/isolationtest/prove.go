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

// Options tell the proof what it can't find out itself. The zero value works with the handler
// of httpapi.
type Options struct {
	// Document is the path of the OpenAPI document, which must be readable without
	// credentials. Defaults to "/api/v1/openapi.json".
	Document string

	// Sign adds the credentials of an ordinary user to a request: an administrator of tenant
	// without rights elsewhere. Defaults to an API key as bearer token.
	Sign func(r *http.Request, tenant tenancy.ID)

	// SignViewer is Sign for a user who may only read. Without it, and with Sign, the host's routes
	// aren't attacked by a viewer. Defaults to a viewer's API key.
	SignViewer func(r *http.Request, tenant tenancy.ID)

	// Routes are the host's own routes, such as "GET /notes" and "POST /notes/{id}/publish". Each
	// is attacked as the routes of the document are, and in addition without credentials, for an
	// unknown and a suspended tenant, for two tenants at once, and by a viewer. Path parameters
	// get the names and ids of the lists, or of the table that has the name of the path's part
	// before the parameter. A route that the handler doesn't serve is an error. A route that it
	// serves and that is neither here, in the document nor in Skip is a breach.
	Routes []string

	// Unfiltered are those of Routes whose statements have no filter, since they aren't the
	// library's query builder's: raw SQL, [postgres.DB.SQL], another driver. Row security alone
	// confines them, so they aren't attacked while it is off.
	Unfiltered []string

	// Bodies maps routes of Routes to a JSON object that an administrator of the tenant may send:
	// attacks put values of the other tenant into it. A route that refuses its own tenant's body
	// is a breach, since an attack would prove nothing. Both tenants have items with the names
	// "shared-1" and "shared-2" in every table of the host that has names. Defaults to no body.
	Bodies map[string]string

	// Router tells which routes the handler serves, for a handler with middleware around its
	// router: an [http.ServeMux], a chi router, or any value with a method Routes() []string,
	// which answers patterns. Defaults to the handler. A handler that doesn't tell its routes is
	// a breach. A router can't tell what a handler does with paths below a pattern that ends in
	// a slash: only the routes of the document are known there.
	Router any

	// BaseDomain is that of the host's resolver, if subdomains name tenants.
	BaseDomain string

	// Seed writes rows of tenant, which is also the tenant of ctx, into tables that the proof
	// can't fill: it knows types, keys and simple checks, but no triggers. Texts that differ
	// between the tenants make the proof stronger.
	Seed func(ctx context.Context, tenant tenancy.ID) error

	// Skip maps routes of the document or of the handler that can't be attacked, such as
	// "GET /reports/{id}" or "/static/", to the reason. A route that doesn't exist is an error.
	Skip map[string]string
}

const defaultDocument = "/api/v1/openapi.json"

// maxShown is the number of breaches that a failing proof lists.
const maxShown = 50

// Prove fails t for each breach that [Examine] finds. It logs and returns the matrix. It accepts
// at most one Options.
func Prove(t TB, db *postgres.DB, handler http.Handler, options ...Options) Matrix {
	t.Helper()
	var o Options
	if len(options) > 1 {
		t.Fatalf("isolationtest.Prove: %d Options, at most one is allowed", len(options))
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

// Examine runs the attacks and returns which were stopped and which weren't. It writes two
// tenants into the database and turns row security off for a while: it refuses a database that
// already has tenants, and one with tenancy off. An error means that the examination couldn't
// be done, never that it found a breach.
func Examine(
	ctx context.Context, db *postgres.DB, handler http.Handler, o Options,
) (Matrix, error) {
	if handler == nil {
		return Matrix{}, errors.New("isolationtest: the handler is nil")
	}
	internals, err := filterbypass.Inspect(db)
	if err != nil {
		return Matrix{}, err
	}
	defer internals.Owner.Close()
	if !internals.MultiTenant {
		return Matrix{}, errors.New(
			"isolationtest: Options.MultiTenant of the database is off: there are no tenants to" +
				" isolate")
	}
	if o.Document == "" {
		o.Document = defaultDocument
	}
	e := &examination{db: db, services: db.Services(), handler: handler, internals: internals,
		options:  o,
		unfilled: map[*relation]error{}, cursors: map[string]string{},
		nonexistent: map[string]string{}}
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
	internals filterbypass.Internals
	options   Options

	tables     []*relation // everything with a column tenant_id, tables before views
	routes     []operation
	documented []servedRoute     // all routes of the document
	skipped    map[string]string // the routes of Options.Skip that the document doesn't have
	served     []servedRoute     // all routes of the handler
	// why the handler's routes can't be listed
	servedProblem error
	suspended     *tenantSide // a tenant that doesn't serve

	attacker   *tenantSide // makes the attacks
	victim     *tenantSide // its rows must neither show nor change
	sharedRows map[int64]row
	lastNumber int // the last number used in a generated value

	unfilled    map[*relation]error // why a table is empty
	lists       map[string]listing  // by the path of the list
	cursors     map[string]string   // of the victim, by the path of the list; "" is any
	nonexistent map[string]string   // by value of the victim: a similar value that no tenant has

	walls  Walls // the walls that are on now
	matrix Matrix
}

func (e *examination) prepare(ctx context.Context) error {
	steps := []func(context.Context) error{e.requireEmptyDatabase, e.readCatalog, e.readDocument,
		e.readHostRoutes, e.makeTenants, e.seedRows, e.rememberRows,
		e.collectIDs, e.fillLeading}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return fmt.Errorf("isolationtest: %w", err)
		}
	}
	e.matrix.Tables, e.matrix.Routes = len(e.tables), len(e.routes)
	return nil
}

// requireEmptyDatabase refuses a database that is in use.
func (e *examination) requireEmptyDatabase(ctx context.Context) error {
	found, err := e.services.Tenants.List(ctx, ports.TenantQuery{Limit: 2})
	if err != nil {
		return err
	}
	if len(found) > 1 || len(found) == 1 && found[0].ID != tenancy.DefaultID {
		return errors.New("the database has tenants: the proof writes rows and turns row security" +
			" off, so use a throw-away database")
	}
	return nil
}

// attack runs all attacks with each of the three settings of the walls.
func (e *examination) attack(ctx context.Context) error {
	e.checkServed()
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
		restore, err := e.disableRowSecurity(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, restore()) }()
		if err := e.verifyWallsOff(ctx); err != nil {
			return err
		}
	case PolicyAlone:
		attacked = e.withoutFilter(ctx)
	}
	e.checkOwnRows(attacked)
	e.attackRoutes(attacked)
	e.attackPorts(attacked)
	e.attackBuilder(attacked)
	if e.walls != FilterAlone { // raw SQL carries no filter
		e.attackHostSQL(attacked)
		e.attackSQL(attacked)
		e.attackAuditLog(attacked)
	}
	return e.compareChecksums(ctx, before)
}
