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

// Observation is a place in the host that makes statements for no tenant, on a
// table whose mode is [Observe].
type Observation struct {
	Table     string    `json:"table"`
	Site      string    `json:"site"`      // file:line and function
	Statement string    `json:"statement"` // the last one
	Count     int64     `json:"count"`
	SeenAt    time.Time `json:"seen_at"`
}

// Observer knows the mode of each owned table, and who was seen.
type Observer struct {
	modes map[string]schema.Mode // by name without its schema, as statements have it
	log   *slog.Logger
	mu    sync.Mutex
	seen  map[[2]string]*Observation
}

// repeat is how often the log hears of one place.
const repeat = time.Minute

// NewObserver makes an observer of tables: their modes, by name without a schema. It
// answers nil where every table enforces.
func NewObserver(modes map[string]schema.Mode, log *slog.Logger) *Observer {
	for _, mode := range modes {
		if mode == schema.Observe {
			return &Observer{modes: modes, log: log, seen: map[[2]string]*Observation{}}
		}
	}
	return nil
}

// admit answers whether a statement for no tenant is let through, and notes it
// then. One that names no table of ours, or one that enforces, is refused.
func (o *Observer) admit(ctx context.Context, statement string) error {
	tables, enforced := o.named(statement)
	if enforced || len(tables) == 0 {
		return tenancy.ErrNoTenant
	}
	site := callSite()
	for _, t := range tables {
		o.note(ctx, t, site, statement)
	}
	return nil
}

func (o *Observer) named(statement string) (tables []string, enforced bool) {
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

func (o *Observer) note(ctx context.Context, table, site, statement string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.seen[[2]string{table, site}]
	if at == nil {
		at = &Observation{Table: table, Site: site}
		o.seen[[2]string{table, site}] = at
	}
	now := time.Now()
	if now.Sub(at.SeenAt) >= repeat {
		o.log.WarnContext(ctx, "a statement for no tenant, which Enforce would refuse", "table",
			table, "site", site, "sql", statement)
		at.SeenAt = now
	}
	at.Count++
	at.Statement = statement
}

// Observed are the places that made statements for no tenant, by table and place.
func (o *Observer) Observed() []Observation {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []Observation
	for _, at := range o.seen {
		list = append(list, *at)
	}
	slices.SortFunc(list, func(a, b Observation) int {
		return cmp.Or(strings.Compare(a.Table, b.Table), strings.Compare(a.Site, b.Site))
	})
	return list
}

// callSite is the innermost function that is neither ours, bun's nor the
// standard library's.
func callSite() string {
	var counters [64]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(2, counters[:])])
	for {
		frame, more := frames.Next()
		if !within(frame.Function) {
			return frame.File + ":" + strconv.Itoa(frame.Line) + " " + frame.Function
		}
		if !more {
			return "unknown"
		}
	}
}

// passedOver are the functions between the host's and the database: this package's,
// bun's and the standard library's.
var passedOver = []string{
	reflect.TypeFor[Handle]().PkgPath() + ".", "github.com/uptrace/bun", "database/sql.", "runtime.",
}

func within(function string) bool {
	return slices.ContainsFunc(passedOver, func(prefix string) bool {
		return strings.HasPrefix(function, prefix)
	})
}
