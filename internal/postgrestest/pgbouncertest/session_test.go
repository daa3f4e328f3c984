package pgbouncertest

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// session is all that a statement can find in the server connection that it
// happens to run on.
type session struct {
	pid      int
	settings map[string]string
	left     map[string]int // what else may be left there, and how much of it
}

// inspection reads a session in one statement. PgBouncer itself sets the
// application's name, for each client anew.
const inspection = `SELECT pg_backend_pid(),
  (SELECT string_agg(name || '=' || setting, E'\n') FROM pg_settings WHERE name <> 'application_name')
    || E'\nsession_user=' || session_user || E'\ncurrent_user=' || current_user
    || E'\nbailiwick.tenant=' || coalesce(current_setting('bailiwick.tenant', true), ''),
  (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
  (SELECT count(*) FROM pg_listening_channels()),
  (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
  (SELECT count(*) FROM pg_prepared_statements),
  (SELECT count(*) FROM pg_cursors)`

func inspect(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) (session, error) {
	var s session
	var settings string
	var locks, channels, relations, prepared, cursors int
	err := db.QueryRowContext(ctx, inspection).
		Scan(&s.pid, &settings, &locks, &channels, &relations, &prepared, &cursors)
	if err != nil {
		return session{}, err
	}
	s.settings = map[string]string{}
	for line := range strings.SplitSeq(settings, "\n") {
		name, value, _ := strings.Cut(line, "=")
		s.settings[name] = value
	}
	s.left = map[string]int{
		"advisory lock": locks, "channel": channels, "temporary relation": relations,
		"prepared statement": prepared, "cursor": cursors,
	}
	return s, nil
}

// dirt is how s differs from a fresh session of the same role.
func (s session) dirt(fresh session) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		if s.settings[name] != fresh.settings[name] {
			found = append(found, fmt.Sprintf("%s is %q, not %q", name, s.settings[name],
				fresh.settings[name]))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(s.left)) {
		if s.left[what] != fresh.left[what] {
			found = append(found, what)
		}
	}
	return found
}

// freshSession is what a new connection of the application's role finds, without
// the pooler. PL/pgSQL and the trigrams of searches bring settings of their own when
// they are first used.
func freshSession(t *testing.T, databaseURL string) session {
	t.Helper()
	conn, err := fixture.Superuser(t, fixture.AppURL(t, databaseURL)).Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "DO $$ BEGIN PERFORM show_trgm(''); END $$")
	require.NoError(t, err)
	s, err := inspect(t.Context(), conn)
	require.NoError(t, err)
	return s
}

// holdSessions inspects as many of the pooler's server connections for the
// application's role, all held at once: so none of them is in a transaction.
func holdSessions(ctx context.Context, pooled *sql.DB, connections int) ([]session, error) {
	var all []session
	for range connections {
		tx, err := pooled.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		defer func() { _ = tx.Rollback() }()
		s, err := inspect(ctx, tx)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Each of these is left behind through the pooler by a client that cleans up
// nothing, and noticed by another one: otherwise finding nothing would prove
// nothing.
func TestInspectionNoticesWhatAClientLeavesBehind(t *testing.T) {
	t.Parallel()
	p := fixture.StartPooler(t)
	for statement, says := range map[string]string{
		"SET work_mem = '77MB'":                                       `work_mem is "78848"`,
		"SET search_path = pg_catalog":                                `search_path is "pg_catalog"`,
		"SET row_security = off":                                      `row_security is "off"`,
		"SELECT set_config('bailiwick.tenant', 'somebody', false)":    `bailiwick.tenant is "somebody"`,
		"DO $$ BEGIN PERFORM set_config('jit', 'off', false); END $$": `jit is "off"`,
		"SELECT pg_advisory_lock(7)":                                  "advisory lock",
		"LISTEN gossip":                                               "channel",
		"CREATE TEMPORARY TABLE scratch (n int)":                      "temporary relation",
		"PREPARE later AS SELECT 1":                                   "prepared statement",
		"DECLARE open CURSOR WITH HOLD FOR SELECT 1":                  "cursor",
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			databaseURL := fixture.MigratedURL(t, true)
			fresh := freshSession(t, databaseURL)
			pooled := fixture.Superuser(t, p.URL(fixture.AppURL(t, databaseURL)))
			before, err := inspect(t.Context(), pooled)
			require.NoError(t, err)
			require.Empty(t, before.dirt(fresh))
			fixture.Exec(t, pooled, statement)
			after, err := inspect(t.Context(), fixture.Superuser(t, p.URL(fixture.AppURL(t, databaseURL))))
			require.NoError(t, err)
			require.Equal(t, before.pid, after.pid,
				"it is the same server connection, seen by another client")
			found := after.dirt(fresh)
			require.Len(t, found, 1)
			require.Contains(t, found[0], says)
		})
	}
}
