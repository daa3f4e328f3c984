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

// session is the state of a server connection that a statement can see.
type session struct {
	pid      int
	settings map[string]string
	objects  map[string]int // how many locks, channels and so on the session has
}

// inspection reads a session in one statement, except for the application's name, which PgBouncer
// sets for each client.
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
	s.objects = map[string]int{
		"advisory lock": locks, "channel": channels, "temporary relation": relations,
		"prepared statement": prepared, "cursor": cursors,
	}
	return s, nil
}

// differences returns how s differs from a new session of the same role.
func (s session) differences(fresh session) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		if s.settings[name] != fresh.settings[name] {
			found = append(found, fmt.Sprintf("%s is %q, not %q", name, s.settings[name],
				fresh.settings[name]))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(s.objects)) {
		if s.objects[what] != fresh.objects[what] {
			found = append(found, what)
		}
	}
	return found
}

// freshSession inspects a new connection of the application's role, without the pooler. It first
// uses PL/pgSQL and pg_trgm, which add settings when they are loaded.
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

// holdSessions inspects so many of the pooler's server connections for the application's role. It
// holds all of them at the same time, so no other client has one of them in a transaction.
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

// A client that doesn't clean up leaves each of these in its session, and another client must find
// it. Otherwise tests that find nothing would prove nothing.
func TestInspectionFindsStateThatAClientLeavesInItsSession(t *testing.T) {
	t.Parallel()
	p := fixture.StartPooler(t)
	for statement, want := range map[string]string{
		"SET work_mem = '77MB'":                                       `work_mem is "78848"`,
		"SET search_path = pg_catalog":                                `search_path is "pg_catalog"`,
		"SET row_security = off":                                      `row_security is "off"`,
		"SELECT set_config('bailiwick.tenant', 'x', false)":           `bailiwick.tenant is "x"`,
		"DO $$ BEGIN PERFORM set_config('jit', 'off', false); END $$": `jit is "off"`,
		"SELECT pg_advisory_lock(7)":                                  "advisory lock",
		"LISTEN news":                                                 "channel",
		"CREATE TEMPORARY TABLE scratch (n int)":                      "temporary relation",
		"PREPARE later AS SELECT 1":                                   "prepared statement",
		"DECLARE open CURSOR WITH HOLD FOR SELECT 1":                  "cursor",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			databaseURL := fixture.MigratedURL(t, true)
			if want == "temporary relation" { // which the application's role may not create
				fixture.GrantTemporary(t, databaseURL)
			}
			fresh := freshSession(t, databaseURL)
			pooled := fixture.Superuser(t, p.URL(fixture.AppURL(t, databaseURL)))
			before, err := inspect(t.Context(), pooled)
			require.NoError(t, err)
			require.Empty(t, before.differences(fresh))
			fixture.Exec(t, pooled, statement)
			after, err := inspect(t.Context(),
				fixture.Superuser(t, p.URL(fixture.AppURL(t, databaseURL))))
			require.NoError(t, err)
			require.Equal(t, before.pid, after.pid,
				"it is the same server connection, seen by another client")
			found := after.differences(fresh)
			require.Len(t, found, 1)
			require.Contains(t, found[0], want)
		})
	}
}
