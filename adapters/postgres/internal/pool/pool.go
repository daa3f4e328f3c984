package pool

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/fairqueue"
)

// Pool is an open database: its connections, and what all stores share. It is safe for
// concurrent use.
type Pool struct {
	Settings   Settings
	App        *bun.DB // scopes each statement to the tenant of its context
	System     *bun.DB // for cross-tenant work; see [CrossTenant]
	Bulk       *bun.DB // unscoped connections of the application's role, for COPY
	Host       *sql.DB // connections of App for a host's own code; see [lend]
	HostSystem *sql.DB // connections of System for a host's reads across tenants
	Keyring    *Keyring
	Background *Background
	ServerInfo ServerInfo // set by [Pool.LoadServerInfo]

	// The tenants' turns for work that holds a connection of App, Bulk or System for long.
	Exports, Imports, Purges *fairqueue.Queue[tenancy.ID]

	connector *session.Connector // of App
	sizes     Sizes              // set by [Pool.Fit]

	patientApp, patientSystem, patientBulk *patientConnector
}

// Open creates the pools, with one connection each until [Pool.Fit]. It doesn't connect yet.
// Background work keeps the values of ctx but
// ends only with [Pool.Close].
func Open(ctx context.Context, s Settings) (*Pool, error) {
	app, err := s.NewTablesConnector(s.AppURL, s.StatementTimeout)
	if err != nil {
		return nil, err
	}
	system, err := s.NewTablesConnector(s.SystemURL, s.StatementTimeout)
	if err != nil {
		return nil, err
	}
	bulk, err := s.NewTablesConnector(s.AppURL, BulkTimeout)
	if err != nil {
		return nil, err
	}
	p := &Pool{Settings: s, Keyring: &Keyring{}, Background: newBackground(ctx)}
	scoping := session.Config{Scope: tenancy.FromContext, Sign: p.Keyring.Sign,
		Timeout: s.StatementTimeout, Explicit: s.Scope == schema.Transaction}
	p.connector = session.NewConnector(app, scoping)
	scoping.Scope, scoping.ReadOnly = systemScope, isCrossTenantRead
	p.patientApp = openPatient(p.connector, s.ConnectionWait, 1)
	p.patientSystem = openPatient(session.NewConnector(system, scoping), s.ConnectionWait, 1)
	p.patientBulk = openPatient(bulk, s.ConnectionWait, 1)
	p.App = bun.NewDB(p.patientApp.db, pgdialect.New())
	p.System = bun.NewDB(p.patientSystem.db, pgdialect.New())
	p.Bulk = bun.NewDB(p.patientBulk.db, pgdialect.New())
	for _, db := range []**bun.DB{&p.App, &p.System, &p.Bulk} {
		for _, hook := range s.QueryHooks {
			*db = (*db).WithQueryHook(hook)
		}
	}
	p.Keyring.system = p.System
	bind := func(ctx context.Context) context.Context { return ctx }
	p.HostSystem = lend(p.patientSystem.db, bind)
	if !s.MultiTenant {
		bind = orDefault
	}
	p.Host = lend(p.patientApp.db, bind)
	return p, nil
}

// Stats returns the statistics of the pools "app", "system" and "bulk".
func (p *Pool) Stats() map[string]sql.DBStats {
	return map[string]sql.DBStats{
		"app": p.App.Stats(), "system": p.System.Stats(), "bulk": p.Bulk.Stats(),
	}
}

// LoadTimeout reads the statement_timeout that the application's sessions begin with. A
// statement with the same timeout needs no message that sets it.
func (p *Pool) LoadTimeout(ctx context.Context) error {
	var milliseconds int64
	err := p.Bulk.NewRaw("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'").
		Scan(ctx, &milliseconds)
	p.connector.SetDefaultTimeout(time.Duration(milliseconds) * time.Millisecond)
	return pgerr.Translate(err)
}

// Close ends the background work, waits for it and for running statements, and closes the
// connections.
func (p *Pool) Close() error {
	p.Background.close()
	var errs []error
	for _, db := range []io.Closer{p.Host, p.HostSystem, p.App, p.System, p.Bulk} {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// Background runs work until the database is closed.
type Background struct {
	mu      sync.Mutex // makes sure that no work starts after stop
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

// newBackground keeps the values of ctx, but not its end.
func newBackground(ctx context.Context) *Background {
	b := &Background{}
	b.ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	return b
}

// Start runs work in a goroutine. The context of work ends when the database is closed. After
// that, Start doesn't run work and returns false.
func (b *Background) Start(work func(context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		return false
	}
	b.running.Go(func() { work(b.ctx) })
	return true
}

// close ends the context of the work and waits until all work has returned.
func (b *Background) close() {
	b.mu.Lock()
	b.stop()
	b.mu.Unlock()
	b.running.Wait()
}

// ServerInfo holds the COLLATE clauses that statements need because of the database's
// collation. A clause is empty where none is needed.
type ServerInfo struct {
	Collate string // makes an ORDER BY compare bytes
	Fold    string // makes an ILIKE fold the case of letters outside ASCII too
}

// ReadServerInfo reads the database's collation.
func ReadServerInfo(ctx context.Context, db bun.IDB) (info ServerInfo, err error) {
	var d struct {
		Collation, Provider string
		ICU                 bool
	}
	// The provider is a column since PostgreSQL 15, and its locale has another name since 17.
	err = db.NewRaw(`SELECT coalesce(CASE WHEN j->>'datlocprovider' = 'b' THEN j->>'datlocale' END,
		j->>'datcollate') AS collation, coalesce(j->>'datlocprovider', 'c') AS provider,
		EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') AS icu
		FROM pg_database d, to_jsonb(d) j WHERE datname = current_database()`).Scan(ctx, &d)
	switch {
	case d.Provider == "i":
		info.Collate = ` COLLATE "C"`
	case d.Collation == "C" || d.Collation == "POSIX":
		if d.ICU {
			info.Fold = ` COLLATE "und-x-icu"`
		}
	case d.Collation == "C.UTF-8" || d.Collation == "C.utf8": // compares bytes too
	default:
		info.Collate = ` COLLATE "C"`
	}
	return info, err
}

// LoadServerInfo sets [Pool].ServerInfo.
func (p *Pool) LoadServerInfo(ctx context.Context) (err error) {
	p.ServerInfo, err = ReadServerInfo(CrossTenant(ctx, "read the database's collations"), p.System)
	return pgerr.Translate(err)
}

// NewID returns a new id of a row: a UUIDv7 (RFC 9562).
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
