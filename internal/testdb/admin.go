package testdb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
)

// admin makes and drops databases on one server.
type admin struct {
	url       *url.URL
	db        *bun.DB
	strategy  string // the STRATEGY clause of CREATE DATABASE, from version 15 on
	mu        sync.Mutex
	templates map[string]*template
}

func newAdmin(ctx context.Context, raw string) (*admin, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	db, err := open(raw)
	if err != nil {
		return nil, err
	}
	a := &admin{url: u, db: db, templates: map[string]*template{}}
	var version int
	err = db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").
		Scan(&version)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if version >= 15_00_00 {
		a.strategy = " STRATEGY file_copy"
	}
	return a, nil
}

// open opens a pool of connections. It turns the driver's panic for an invalid URL into an error.
func open(raw string) (db *bun.DB, err error) {
	if _, err := url.Parse(raw); err != nil {
		return nil, errors.New("not a URL") // the parser's text shows the password
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("not a URL like"+
				" postgres://user:password@host:5432/database?sslmode=disable: %v", cause)
		}
	}()
	pool := sql.OpenDB(pgdriver.NewConnector(
		pgdriver.WithDSN(raw),
		// Copying a database may take long on a busy disk.
		pgdriver.WithReadTimeout(time.Minute)))
	pool.SetMaxOpenConns(4)
	return bun.NewDB(pool, pgdialect.New()), nil
}

// WaitReachable waits up to 10 s until the server at url answers.
func WaitReachable(ctx context.Context, url string) error {
	db, err := open(url)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// create makes a database and returns its name, which is random, so that several test processes can
// share the server.
func (a *admin) create(ctx context.Context, options string) (string, error) {
	name := "pgtest_" + strings.ToLower(rand.Text()[:16])
	_, err := a.db.ExecContext(ctx, "CREATE DATABASE ? "+options+a.strategy, bun.Ident(name))
	if err != nil {
		return "", fmt.Errorf("create database: %w", err)
	}
	return name, nil
}

// drop drops a database and the roles that a migration named after its oid, since roles belong to the
// whole server. A role that another database still needs stays.
func (a *admin) drop(ctx context.Context, name string) error {
	var roles []string
	err := a.db.NewRaw("SELECT rolname FROM pg_roles JOIN pg_database d ON datname = ?"+
		" WHERE rolname LIKE format('bailiwick\\_%s\\_%%', d.oid)", name).Scan(ctx, &roles)
	if err != nil {
		return err
	}
	_, err = a.db.ExecContext(ctx, "DROP DATABASE IF EXISTS ? WITH (FORCE)", bun.Ident(name))
	if err != nil || len(roles) == 0 {
		return err
	}
	err = a.db.NewRaw("SELECT rolname FROM pg_roles r WHERE rolname IN (?) AND NOT EXISTS"+
		" (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = r.oid)",
		bun.List(roles)).Scan(ctx, &roles)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if _, err := a.db.ExecContext(ctx, "DROP ROLE ?", bun.Ident(role)); err != nil {
			return err
		}
	}
	return nil
}

// urlOf returns the superuser's URL of a database.
func (a *admin) urlOf(name string) string {
	u := *a.url
	u.Path = "/" + name
	return u.String()
}

// close drops the templates and disconnects.
func (a *admin) close(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var err error
	for _, t := range a.templates {
		if t.name != "" {
			err = errors.Join(err, a.drop(ctx, t.name))
		}
	}
	return errors.Join(err, a.db.Close())
}
