package scoped

import (
	"cmp"
	"context"
	"log/slog"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Observation is a place in the host that makes statements without a tenant, on a table with
// the mode [schema.Observe].
type Observation struct {
	Table     string    `json:"table"`
	Site      string    `json:"site"`      // file:line and function
	Statement string    `json:"statement"` // the last one
	Count     int64     `json:"count"`
	SeenAt    time.Time `json:"seen_at"` // when it was last logged, at most once a minute
}

// Observer decides whether a statement without a tenant may run, and counts the places that
// make such statements. It is safe for concurrent use.
type Observer struct {
	modes map[string]schema.Mode // by table name without the schema, as statements have it
	log   *slog.Logger
	mu    sync.Mutex // guards seen
	seen  map[siteKey]*Observation
}

type siteKey struct{ table, site string }

// logInterval is the shortest time between two log lines about one place.
const logInterval = time.Minute

// NewObserver returns an observer for tables with these modes, by name without the schema. It
// returns nil when every table has the mode Enforce.
func NewObserver(modes map[string]schema.Mode, log *slog.Logger) *Observer {
	for _, mode := range modes {
		if mode == schema.Observe {
			return &Observer{modes: modes, log: log, seen: map[siteKey]*Observation{}}
		}
	}
	return nil
}

// admit records a statement without a tenant and lets it run. It refuses a statement that
// names no declared table, or that names a table with the mode Enforce.
func (o *Observer) admit(ctx context.Context, statement string) error {
	tables, enforced := o.tablesIn(statement)
	if enforced || len(tables) == 0 {
		return tenancy.ErrNoTenant
	}
	site := callSite()
	for _, t := range tables {
		o.record(ctx, t, site, statement)
	}
	return nil
}

// tablesIn returns the declared tables whose names occur in the statement, and whether one
// of them has the mode Enforce.
func (o *Observer) tablesIn(statement string) (tables []string, enforced bool) {
	words := strings.FieldsFunc(statement,
		func(r rune) bool { return strings.ContainsRune(" \t\n\r\"'.,;()=<>+*/", r) })
	for name, mode := range o.modes {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, name) }) &&
			!strings.Contains(statement, sqltext.Quote(name)) {
			continue
		}
		tables = append(tables, name)
		enforced = enforced || mode == schema.Enforce
	}
	slices.Sort(tables)
	return tables, enforced
}

// record counts a statement, and logs it unless its place was logged within the last minute.
func (o *Observer) record(ctx context.Context, table, site, statement string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := siteKey{table, site}
	seen := o.seen[key]
	if seen == nil {
		seen = &Observation{Table: table, Site: site}
		o.seen[key] = seen
	}
	now := time.Now()
	if now.Sub(seen.SeenAt) >= logInterval {
		o.log.WarnContext(ctx, "a statement without a tenant, which Enforce would refuse",
			"table", table, "site", site, "sql", statement)
		seen.SeenAt = now
	}
	seen.Count++
	seen.Statement = statement
}

// Observed returns the places that made statements without a tenant, sorted by table and
// place.
func (o *Observer) Observed() []Observation {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []Observation
	for _, seen := range o.seen {
		list = append(list, *seen)
	}
	slices.SortFunc(list, func(a, b Observation) int {
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(a.Site, b.Site))
	})
	return list
}

// callSite returns the place of the innermost call that isn't in this package, bun or the
// standard library.
func callSite() string {
	var counters [64]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(2, counters[:])])
	for {
		frame, more := frames.Next()
		if !isSkipped(frame.Function) {
			return frame.File + ":" + strconv.Itoa(frame.Line) + " " + frame.Function
		}
		if !more {
			return "unknown"
		}
	}
}

// skippedPrefixes begin the names of the functions between the host's code and the database:
// those of this package, bun and the standard library.
var skippedPrefixes = []string{
	reflect.TypeFor[Handle]().PkgPath() + ".", "github.com/uptrace/bun", "database/sql.",
	"runtime.",
}

func isSkipped(function string) bool {
	return slices.ContainsFunc(skippedPrefixes, func(prefix string) bool {
		return strings.HasPrefix(function, prefix)
	})
}
