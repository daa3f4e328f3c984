package pgtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// empty is an empty database that behaves the same on every server: UTF-8, and
// texts in the order of their bytes.
const empty = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"

// Database answers the URL of an empty database of t's own, for a user who may
// do everything. It is dropped when t ends, connections or not. Roles belong to
// the whole server: tests share them.
func Database(t testing.TB) string {
	t.Helper()
	a := administrator(t)
	return a.lend(t, empty)
}

// Template is [Database] with content: a copy of a database that fill prepared,
// once per test process and key, and that nobody writes to afterwards. Copying
// takes milliseconds. Settings and grants of the database itself (ALTER
// DATABASE … SET, GRANT CONNECT) are not copied. If fill fails, so does every
// test that asks for key.
func Template(t testing.TB, key string, fill func(url string) error) string {
	t.Helper()
	a := administrator(t)
	tmpl := a.template(key)
	tmpl.once.Do(func() {
		tmpl.err = errors.New("fill ended its test")
		tmpl.name, tmpl.err = a.prepare(fill)
	})
	if tmpl.err != nil {
		t.Fatalf("pgtest: template %s: %v", key, tmpl.err)
	}
	return a.lend(t, "TEMPLATE "+tmpl.name)
}

// template is a database to copy.
type template struct {
	once sync.Once
	name string
	err  error
}

func (a *admin) template(key string) *template {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.templates[key] == nil {
		a.templates[key] = &template{}
	}
	return a.templates[key]
}

// prepare makes a template. It closes it to connections, since PostgreSQL
// copies no database that anybody is connected to, its own workers included.
func (a *admin) prepare(fill func(url string) error) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	name, err := a.create(ctx, empty)
	if err != nil {
		return "", err
	}
	if err := fill(a.urlOf(name)); err != nil {
		return name, fmt.Errorf("fill: %w", err)
	}
	_, err = a.db.ExecContext(ctx, "ALTER DATABASE ? ALLOW_CONNECTIONS false", bun.Ident(name))
	if err != nil {
		return name, err
	}
	_, err = a.db.ExecContext(ctx,
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = ?", name)
	return name, err
}

// lend makes a database for t.
func (a *admin) lend(t testing.TB, options string) string {
	t.Helper()
	name, err := a.create(t.Context(), options)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := a.drop(ctx, name); err != nil {
			t.Errorf("pgtest: drop %s: %v", name, err)
		}
	})
	return a.urlOf(name)
}
