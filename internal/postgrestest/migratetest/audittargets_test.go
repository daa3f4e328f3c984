package migratetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgbouncer"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// An upgrade of a log with entries doesn't rewrite it, finds the old entries by their target, and
// leaves the chain as it was.
func TestUpgradeFillsTargetsWithoutRewritingTheLog(t *testing.T) {
	t.Parallel()
	w := newOldLog(t)
	w.append(t, 30)
	before := w.nodes(t)
	require.NoError(t, postgres.Migrate(t.Context(), w.options))
	require.Equal(t, before, w.nodes(t), "a partition was rewritten")
	w.append(t, 30)
	w.requireComplete(t, 60)
}

// The earlier version writes while the upgrade waits for a row, and after it was killed there.
func TestKilledUpgradeOfTargetsContinues(t *testing.T) {
	t.Parallel()
	w := newOldLog(t)
	w.append(t, 30)
	fixture.Exec(t, w.super, `INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash)
		SELECT '01900000-0000-7000-9000-000000000009', n, gen_random_uuid(), '2020-01-01',
		  '{"action": "x.read"}', sha256('') FROM generate_series(1, 20000) n`)
	w.addColumn(t)
	row, err := w.super.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = row.ExecContext(t.Context(), "SELECT FROM bailiwick.audit WHERE at = '2020-01-01'"+
		" AND seq = 20000 FOR UPDATE")
	require.NoError(t, err)

	ctx, kill := context.WithCancel(t.Context())
	killed := make(chan error, 1)
	go func() { killed <- postgres.Migrate(ctx, w.options) }()
	const filled = "SELECT count(target_key) FROM bailiwick.audit WHERE at = '2020-01-01'"
	require.Eventually(t, func() bool {
		var n int
		return w.super.QueryRowContext(t.Context(), filled).Scan(&n) == nil && n > 1000
	}, time.Minute, 10*time.Millisecond)
	w.append(t, 10)
	kill()
	require.Error(t, <-killed)
	require.NoError(t, row.Rollback())
	w.append(t, 10)
	require.NotZero(t, w.count(t, "SELECT count(*) FROM bailiwick.audit WHERE target_key IS NULL"))

	require.NoError(t, postgres.Migrate(t.Context(), w.options))
	w.requireComplete(t, 50)
}

// CREATE INDEX CONCURRENTLY leaves an invalid index if it is killed.
func TestUpgradeReplacesAnInvalidIndexOfTargets(t *testing.T) {
	t.Parallel()
	w := newOldLog(t)
	w.append(t, 30)
	w.addColumn(t)
	fixture.Exec(t, w.super, "CREATE INDEX audit_rest_tenant_id_target_key_seq_idx"+
		" ON bailiwick.audit_rest (seq); UPDATE pg_index SET indisvalid = false"+
		" WHERE indexrelid = 'bailiwick.audit_rest_tenant_id_target_key_seq_idx'::regclass")
	require.NoError(t, postgres.Migrate(t.Context(), w.options))
	w.requireComplete(t, 30)
}

func TestOwnerWithoutSuperuserFillsTargets(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	super := fixture.Superuser(t, databaseURL)
	fixture.Exec(t, super, `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'targets_owner') THEN
			CREATE ROLE targets_owner LOGIN CREATEROLE PASSWORD 'secret';
		END IF;
		EXECUTE format('ALTER DATABASE %I OWNER TO targets_owner', current_database());
		END $$`)
	o := fixture.Options(fixture.WithUser(t, databaseURL,
		url.UserPassword("targets_owner", "secret")), true)
	o.RolePrefix = ""
	w := oldLogIn(t, o, super)
	w.append(t, 30)
	require.NoError(t, postgres.Migrate(t.Context(), o))
	w.requireComplete(t, 30)
}

// PgBouncer gives each transaction another session.
func TestUpgradeThroughAPoolerFillsTargets(t *testing.T) {
	t.Parallel()
	w := newOldLog(t)
	w.append(t, 30)
	pooled := w.options
	pooled.URL = pgbouncer.Start(t, w.options.URL).URL(w.options.URL)
	require.NoError(t, postgres.Migrate(t.Context(), pooled))
	w.requireComplete(t, 30)
}

func TestInstancesThatUpgradeAtTheSameTimeFillTargets(t *testing.T) {
	t.Parallel()
	w := newOldLog(t)
	w.append(t, 100)
	var group sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		group.Go(func() { errs[i] = postgres.Migrate(t.Context(), w.options) })
	}
	w.append(t, 100)
	group.Wait()
	require.Equal(t, make([]error, 4), errs)
	w.requireComplete(t, 200)
}

// oldLog is a database without the targets of audit entries, and an instance that writes to it.
type oldLog struct {
	options postgres.Options
	super   *sql.DB
	old     *postgres.DB
}

func newOldLog(t *testing.T) oldLog {
	t.Helper()
	o := fixture.Options(fixture.MigratedURL(t, true), true)
	return oldLogIn(t, o, fixture.Superuser(t, o.URL))
}

// oldLogIn opens the database and takes what finds targets from it.
func oldLogIn(t *testing.T, o postgres.Options, super *sql.DB) oldLog {
	t.Helper()
	w := oldLog{options: o, super: super, old: fixture.Open(t, o)}
	w.run(t, "20261205000001_audit_target_index.down.sql")
	w.run(t, "20261205000000_audit_targets.down.sql")
	fixture.Exec(t, w.super, "DELETE FROM bailiwick.migrations WHERE name ~ '^2026120500000[01]$'")
	return w
}

// run runs a file of the library's migrations.
func (w oldLog) run(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../adapters/postgres/internal/migrations", file))
	require.NoError(t, err)
	fixture.Exec(t, w.super, string(text))
}

// addColumn does the upgrade's first step.
func (w oldLog) addColumn(t *testing.T) {
	t.Helper()
	w.run(t, "20261205000000_audit_targets.up.sql")
	fixture.Exec(t, w.super, "INSERT INTO bailiwick.migrations (name, group_id, migrated_at)"+
		" VALUES ('20261205000000', 1, now())")
}

// append appends n entries about each of two targets, with the SQL function that all versions call.
func (w oldLog) append(t *testing.T, n int) {
	t.Helper()
	for i := range 2 * n {
		require.NoError(t, w.old.Services().Audit.Append(t.Context(), tenancy.DefaultID,
			tenancy.Event{Action: "resource.update", Target: tenancy.AuditTarget{
				Kind: "widget", Name: fmt.Sprint("w", i%2)}}))
	}
}

// nodes returns the files of the log's partitions.
func (w oldLog) nodes(t *testing.T) []string {
	t.Helper()
	all, err := fixture.Strings(w.super.QueryContext(t.Context(), `SELECT relname || ' ' ||
		pg_relation_filenode(oid) FROM pg_class WHERE relname ~ '^audit_([0-9]{6}|rest)$'
		ORDER BY relname`))
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func (w oldLog) count(t *testing.T, query string) (n int) {
	t.Helper()
	require.NoError(t, w.super.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

// requireComplete requires n entries for each target, a key in each entry and a valid chain.
func (w oldLog) requireComplete(t *testing.T, n int) {
	t.Helper()
	db := fixture.Open(t, w.options)
	log := db.Services().Audit
	for _, name := range []string{"w0", "w1"} {
		found, err := log.List(t.Context(), tenancy.DefaultID, ports.AuditQuery{Limit: 1000,
			AuditFilter: ports.AuditFilter{TargetKind: "widget", TargetName: name}})
		require.NoError(t, err)
		require.Len(t, found, n, name)
	}
	require.Zero(t, w.count(t, "SELECT count(*) FROM bailiwick.audit WHERE target_key IS NULL"))
	require.Zero(t, w.count(t, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
	var chain, end tenancy.AuditChain
	require.NoError(t, log.Export(t.Context(), tenancy.DefaultID, ports.AuditQuery{},
		func(first, last tenancy.AuditChain) error { chain, end = first, last; return nil },
		func(e tenancy.AuditEntry) error { return chain.Next(e) }))
	require.NoError(t, chain.Ends(end))
	findings, err := db.Doctor(t.Context())
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(findings), "audit") // there may be others, of settings
}
