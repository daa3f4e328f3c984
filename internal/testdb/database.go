package testdb

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// emptyOptions are the options of CREATE DATABASE for an empty database that behaves the same on
// every server: UTF-8, and texts sorted by their bytes.
const emptyOptions = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"

// Database makes an empty database for t and returns its superuser's URL. It is dropped when t
// ends, even if it has open connections. Roles belong to the whole server, so tests share them.
func (s *Suite) Database(t testing.TB) string {
	t.Helper()
	return s.newDatabase(t, s.admin(t), emptyOptions)
}

// Template makes a database for t, as Database does, as a copy of a template database. fill
// prepares the template, once per test process and key; url is its superuser's URL. Nothing writes
// to the template afterwards. Copying takes milliseconds. Settings and grants of the database
// itself (ALTER DATABASE … SET, GRANT CONNECT) are not copied, but a REVOKE TEMPORARY is. If fill
// fails, every test that uses key fails.
func (s *Suite) Template(t testing.TB, key string, fill func(url string) error) string {
	t.Helper()
	a := s.admin(t)
	tmpl := a.template(key)
	tmpl.once.Do(func() {
		tmpl.err = errors.New("fill ended its test")
		tmpl.err = a.prepare(tmpl, fill)
	})
	if tmpl.err != nil {
		t.Fatalf("%s: template %s: %v", s.Name, key, tmpl.err)
	}
	url := s.newDatabase(t, a, "TEMPLATE "+tmpl.name)
	if tmpl.temporary {
		return url
	}
	// CREATE DATABASE copies no grants on the database.
	name, _, _ := strings.Cut(path.Base(url), "?")
	_, err := a.db.ExecContext(t.Context(), "REVOKE TEMPORARY ON DATABASE ? FROM PUBLIC",
		bun.Ident(name))
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return url
}

// template is a database to copy.
type template struct {
	once      sync.Once
	name      string
	temporary bool // everybody can create temporary tables in it, as by default
	err       error
}

func (a *admin) template(key string) *template {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.templates[key] == nil {
		a.templates[key] = &template{}
	}
	return a.templates[key]
}

// prepare makes a template. It forbids connections to the template and ends those that are open,
// since PostgreSQL doesn't copy a database with connections, even those of background workers.
func (a *admin) prepare(tmpl *template, fill func(url string) error) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if tmpl.name, err = a.create(ctx, emptyOptions); err != nil {
		return err
	}
	if err := fill(a.urlOf(tmpl.name)); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	_, err = a.db.ExecContext(ctx, "ALTER DATABASE ? ALLOW_CONNECTIONS false",
		bun.Ident(tmpl.name))
	if err != nil {
		return err
	}
	_, err = a.db.ExecContext(ctx,
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = ?",
		tmpl.name)
	if err != nil {
		return err
	}
	return a.db.NewRaw("SELECT has_database_privilege('public', ?, 'TEMPORARY')", tmpl.name).
		Scan(ctx, &tmpl.temporary)
}

// newDatabase makes a database for t and drops it when t ends.
func (s *Suite) newDatabase(t testing.TB, a *admin, options string) string {
	t.Helper()
	name, err := a.create(t.Context(), options)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := a.drop(ctx, name); err != nil {
			t.Errorf("%s: drop %s: %v", s.Name, name, err)
		}
	})
	return a.urlOf(name)
}
