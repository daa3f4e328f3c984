package adopt

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// UntenantedSession is a session that sends statements without a tenant.
type UntenantedSession struct {
	Application string    `json:"application"` // as it calls itself (application_name)
	Role        string    `json:"role"`
	Client      string    `json:"client"` // its address
	Table       string    `json:"table"`
	Statement   string    `json:"statement"` // its beginning
	Writes      bool      `json:"writes"`    // or only reads
	SeenAt      time.Time `json:"seen_at"`
}

// strayLook is how often the sessions are looked at: a read is seen when it is
// on its way, or when it was its session's last.
const strayLook = 25 * time.Millisecond

// guard refuses when statements of the old version arrive. Writes are noted by a
// trigger, whatever the client; reads are seen in the activity of the server.
func (e *Engine) guard(ctx context.Context, s *state) error {
	found, err := e.watch(ctx, s)
	if err != nil || len(found) == 0 {
		return err
	}
	lines := make([]string, len(found))
	for i, f := range found {
		does := "reads"
		if f.Writes {
			does = "writes"
		}
		lines[i] = fmt.Sprintf("- application %q, role %s, from %s %s %s: %s", f.Application,
			f.Role, f.Client, does, f.Table, oneLine(f.Statement))
	}
	return refuse("statements without a tenant still arrive, and the old version's would fail"+
		" behind the contraction; stop who sends them, and repeat:\n%s", strings.Join(lines, "\n"))
}

// watch answers who sends statements without a tenant, within the time of
// Options.Watch.
func (e *Engine) watch(ctx context.Context, s *state) ([]UntenantedSession, error) {
	var begin time.Time
	if err := e.conn.NewRaw("SELECT clock_timestamp()").Scan(ctx, &begin); err != nil {
		return nil, err
	}
	seen := map[string]UntenantedSession{}
	for end := time.Now().Add(e.o.Watch); time.Now().Before(end); {
		if err := e.readers(ctx, s, seen); err != nil {
			return nil, err
		}
		if err := pause(ctx, strayLook); err != nil {
			return nil, err
		}
	}
	writers, err := e.UntenantedSessions(ctx, begin)
	if err != nil {
		return nil, err
	}
	for _, w := range writers {
		seen[w.who()] = w
	}
	var list []UntenantedSession
	for _, who := range sortedNames(seen) {
		list = append(list, seen[who])
	}
	return list, nil
}

func (f UntenantedSession) who() string {
	return strings.Join([]string{f.Application, f.Role, f.Client, f.Table}, "\x00")
}

// UntenantedSessions are those who wrote without a tenant since a time.
func (e *Engine) UntenantedSessions(
	ctx context.Context, since time.Time,
) ([]UntenantedSession, error) {
	var known bool
	if err := e.conn.NewRaw("SELECT to_regclass('bailiwick.strays') IS NOT NULL").
		Scan(ctx, &known); err != nil || !known {
		return nil, err
	}
	var list []UntenantedSession
	err := e.conn.NewRaw(`SELECT application, role, client, relation::regclass::text AS "table", statement, true AS writes, seen_at
		FROM bailiwick.strays WHERE seen_at >= ? AND application <> ? ORDER BY 1, 2, 3, 4`, since, e.o.Ours).Scan(ctx, &list)
	return list, err
}

// readers adds the sessions that hold a lock on a table, or whose last statement
// names one, and that aren't ours: ours carry a tenant in every statement.
func (e *Engine) readers(ctx context.Context, s *state, seen map[string]UntenantedSession) error {
	var rows []struct {
		Application, Role, Client, Statement, Tables string
	}
	err := e.conn.NewRaw(`SELECT a.application_name AS application, coalesce(a.usename, '') AS role, coalesce(host(a.client_addr), 'local') AS client, left(a.query, 2000) AS statement,
		  coalesce((SELECT string_agg(DISTINCT l.relation::regclass::text, ', ') FROM pg_locks l
		    WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.relation = ANY (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?0]::text[]) n)), '') AS tables
		FROM pg_stat_activity a WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.application_name <> ?1`,
		bun.List(e.tableNames()), e.o.Ours).Scan(ctx, &rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		tables := r.Tables
		if tables == "" {
			tables = e.named(r.Statement)
		}
		if tables == "" || strings.Contains(r.Statement, "bailiwick.tenant") {
			continue
		}
		f := UntenantedSession{Application: r.Application, Role: r.Role, Client: r.Client,
			Table: tables, Statement: r.Statement, SeenAt: time.Now()}
		if _, known := seen[f.who()]; !known {
			seen[f.who()] = f
		}
	}
	return nil
}

// named are the tables that a statement names.
func (e *Engine) named(statement string) string {
	if !queries.MatchString(statement) {
		return ""
	}
	words := word.FindAllString(strings.ToLower(statement), -1)
	var found []string
	for _, t := range e.spec.Tables {
		if slices.Contains(words, strings.ToLower(t.Name)) {
			found = append(found, t.sql())
		}
	}
	return strings.Join(found, ", ")
}

var (
	word    = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_$]*`)
	queries = regexp.MustCompile(
		`(?is)^\s*(/\*.*?\*/|\s)*(select|insert|update|delete|with|merge|copy|prepare|declare|table)\b`)
)

func oneLine(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	return clip(line, 120)
}
