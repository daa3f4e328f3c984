package adopt

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
)

// activityInterval is the interval at which pg_stat_activity is read. A read shows while it
// runs, or afterwards as long as it is its session's last statement.
const activityInterval = 25 * time.Millisecond

// requireNoOldVersion refuses if statements of the old version arrive. A trigger records
// writes, whatever the client; reads are seen in pg_stat_activity.
func (e *Engine) requireNoOldVersion(ctx context.Context, s *state) error {
	found, err := e.watchSessions(ctx, s)
	if err != nil || len(found) == 0 {
		return err
	}
	lines := make([]string, len(found))
	for i, f := range found {
		verb := "reads"
		if f.Writes {
			verb = "writes"
		}
		lines[i] = fmt.Sprintf("- application %q, role %s, from %s %s %s: %s", f.Application,
			f.Role, f.Client, verb, f.Table, oneLine(f.Statement))
	}
	return refuse("statements without a tenant still arrive, and would fail after the contraction:"+
		" stop the old version's processes and try again\n%s", strings.Join(lines, "\n"))
}

// watchSessions returns the sessions that send statements without a tenant within
// Options.Watch.
func (e *Engine) watchSessions(ctx context.Context, s *state) ([]adoption.UntenantedSession, error) {
	var begin time.Time
	if err := e.conn.NewRaw("SELECT clock_timestamp()").Scan(ctx, &begin); err != nil {
		return nil, err
	}
	seen := map[string]adoption.UntenantedSession{}
	for end := time.Now().Add(e.o.Watch); time.Now().Before(end); {
		if err := e.readActivity(ctx, s, seen); err != nil {
			return nil, err
		}
		if err := pause(ctx, activityInterval); err != nil {
			return nil, err
		}
	}
	writers, err := e.UntenantedSessions(ctx, begin)
	if err != nil {
		return nil, err
	}
	for _, w := range writers {
		seen[sessionIdentity(w)] = w
	}
	var list []adoption.UntenantedSession
	for _, identity := range sortedNames(seen) {
		list = append(list, seen[identity])
	}
	return list, nil
}

// sessionIdentity tells clients apart: a client's sessions on the same tables are reported once.
func sessionIdentity(f adoption.UntenantedSession) string {
	return strings.Join([]string{f.Application, f.Role, f.Client, f.Table}, "\x00")
}

// UntenantedSessions returns the sessions that wrote without a tenant since the given time.
func (e *Engine) UntenantedSessions(
	ctx context.Context, since time.Time,
) ([]adoption.UntenantedSession, error) {
	var exists bool
	if err := e.conn.NewRaw("SELECT to_regclass('bailiwick.strays') IS NOT NULL").
		Scan(ctx, &exists); err != nil || !exists {
		return nil, err
	}
	var list []adoption.UntenantedSession
	err := e.conn.NewRaw(`
		SELECT application, role, client, relation::regclass::text AS "table", statement,
		  true AS writes, seen_at
		FROM bailiwick.strays WHERE seen_at >= ? AND application <> ? ORDER BY 1, 2, 3, 4`,
		since, e.ownApplication).Scan(ctx, &list)
	return list, err
}

// activityQuery reads the other clients' sessions, each with those of the tables that it has
// locked.
const activityQuery = `
SELECT a.application_name AS application, coalesce(a.usename, '') AS role,
  coalesce(host(a.client_addr), 'local') AS client, left(a.query, 2000) AS statement,
  coalesce((SELECT string_agg(DISTINCT l.relation::regclass::text, ', ') FROM pg_locks l
    WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.relation = ANY (
      SELECT to_regclass(n)::oid FROM unnest(ARRAY[?0]::text[]) n)), '') AS tables
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_type = 'client backend'
  AND a.pid <> pg_backend_pid() AND a.application_name <> ?1`

// readActivity adds the sessions that hold a lock on a table or whose last statement names
// one, except those of the new version, whose statements all carry a tenant.
func (e *Engine) readActivity(
	ctx context.Context, s *state, seen map[string]adoption.UntenantedSession,
) error {
	var rows []struct {
		Application, Role, Client, Statement, Tables string
	}
	err := e.conn.NewRaw(activityQuery, bun.List(e.tableNames()), e.ownApplication).Scan(ctx, &rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		tables := r.Tables
		if tables == "" {
			tables = e.namedTables(r.Statement)
		}
		if tables == "" || strings.Contains(r.Statement, "bailiwick.tenant") {
			continue
		}
		f := adoption.UntenantedSession{Application: r.Application, Role: r.Role, Client: r.Client,
			Table: tables, Statement: r.Statement, SeenAt: time.Now()}
		if _, known := seen[sessionIdentity(f)]; !known {
			seen[sessionIdentity(f)] = f
		}
	}
	return nil
}

// namedTables returns the tables whose names are words of the statement, whatever the case and
// schema. Only the kinds of statements in queryPattern read or write a table.
func (e *Engine) namedTables(statement string) string {
	if !queryPattern.MatchString(statement) {
		return ""
	}
	words := wordPattern.FindAllString(strings.ToLower(statement), -1)
	var found []string
	for _, t := range e.spec.Tables {
		if slices.Contains(words, strings.ToLower(t.Name)) {
			found = append(found, t.sql())
		}
	}
	return strings.Join(found, ", ")
}

var (
	wordPattern  = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_$]*`)
	queryPattern = regexp.MustCompile(
		`(?is)^\s*(/\*.*?\*/|\s)*(select|insert|update|delete|with|merge|copy|prepare|declare|table)\b`)
)

// oneLine returns the beginning of a statement, with its white space collapsed.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	return truncate(line, 120)
}
