package clustertest

import (
	"context"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// TestPrintedStatementsEndInAStart starts as a user who lacks privileges, runs what the error prints
// with psql as an administrator, and starts again.
func TestPrintedStatementsEndInAStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attributes string
		prepare    func(t *testing.T, d *database) // after the database belongs to its user
	}{
		"the database's owner without CREATEROLE": {},
		"a user without INHERIT":                  {attributes: "NOINHERIT"},
		"a database owned by another role": {prepare: func(t *testing.T, d *database) {
			fixture.Exec(t, d.super, d.format("ALTER DATABASE %s OWNER TO CURRENT_USER"))
		}},
		"CREATEROLE, and a database owned by another role": {attributes: "CREATEROLE",
			prepare: func(t *testing.T, d *database) {
				fixture.Exec(t, d.super, d.format("ALTER DATABASE %s OWNER TO CURRENT_USER"))
			}},
		"a schema public without any privilege": {attributes: "CREATEROLE",
			prepare: func(t *testing.T, d *database) {
				fixture.Exec(t, d.super, "REVOKE ALL ON SCHEMA public FROM PUBLIC;"+
					" ALTER SCHEMA public OWNER TO CURRENT_USER")
			}},
		"a schema that doesn't exist": {attributes: "CREATEROLE", prepare: func(t *testing.T, d *database) {
			fixture.Exec(t, d.super, d.format("ALTER DATABASE %s OWNER TO CURRENT_USER"))
			d.Schema = `Host's "Tables"`
		}},
		"a schema of another role": {attributes: "CREATEROLE", prepare: func(t *testing.T, d *database) {
			d.Schema = `Host's "Tables"`
			fixture.Exec(t, d.super, "CREATE SCHEMA "+quote(d.Schema))
		}},
		"CONNECT revoked": {prepare: func(t *testing.T, d *database) {
			fixture.Exec(t, d.super, d.format("ALTER DATABASE %[1]s OWNER TO CURRENT_USER;"+
				" REVOKE ALL ON DATABASE %[1]s FROM PUBLIC; GRANT CONNECT ON DATABASE %[1]s TO "+
				quote(d.user)))
		}},
		"URLs with other roles and passwords": {prepare: func(t *testing.T, d *database) {
			d.AppURL = withUser(t, d.admin, `Ap'p"`+d.role(t, "x"), `it's`)
			d.SystemURL = withUser(t, d.admin, `sys tem`+d.role(t, "x"), `a "b" \c`)
		}},
		"only APP_DATABASE_URL": {prepare: func(t *testing.T, d *database) {
			d.AppURL = withUser(t, d.admin, "app of "+d.role(t, "x"), "x")
		}},
		"only SYSTEM_DATABASE_URL": {prepare: func(t *testing.T, d *database) {
			d.SystemURL = withUser(t, d.admin, "system of "+d.role(t, "x"), "x")
		}},
		"tables of another role": {prepare: func(t *testing.T, d *database) {
			created := d.Options
			created.URL = d.admin
			require.NoError(t, tryOpen(t, created))
			fixture.Exec(t, d.super, "ALTER TABLE widgets OWNER TO CURRENT_USER;"+
				" ALTER FUNCTION bailiwick.touch() OWNER TO CURRENT_USER;"+
				" ALTER TABLE bailiwick.secrets OWNER TO CURRENT_USER")
		}},
		"roles that exist with other passwords": {prepare: func(t *testing.T, d *database) {
			fixture.Exec(t, d.super, "CREATE ROLE "+d.role(t, "app")+" LOGIN PASSWORD 'old';"+
				" CREATE ROLE "+d.role(t, "owner"))
		}},
		"tenancy off": {prepare: func(t *testing.T, d *database) {
			fixture.Exec(t, d.super, d.format("ALTER DATABASE %s OWNER TO CURRENT_USER"))
			d.MultiTenant = false
		}},
		"a database with an odd name": {prepare: func(t *testing.T, d *database) {
			odd := `Ö "d'd; $$ \d` + strings.Repeat("x", 40)
			require.NoError(t, d.super.Close())
			fixture.Exec(t, fixture.Superuser(t, pgtest.Database(t)),
				d.format("ALTER DATABASE %s RENAME TO "+quote(odd)))
			d.rename(t, odd)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t, newUser(t, fixture.Superuser(t, pgtest.Database(t)), c.attributes))
			if c.prepare != nil {
				c.prepare(t, &d)
			}
			err := tryOpen(t, d.Options)
			require.Error(t, err)
			require.Contains(t, err.Error(), "the database's administrator must run")
			require.NotContains(t, err.Error(), "CURRENT_USER")
			require.NotContains(t, err.Error(), password)
			psql(t, d, printed(err))
			d.serve(t)
			d.serve(t) // and again, with nothing to do
		})
	}
}

// printed returns the statements of an error: what follows its first line.
func printed(err error) string {
	_, statements, _ := strings.Cut(err.Error(), "\n")
	return statements
}

// psql runs statements as the superuser, and stops at the first error.
func psql(t *testing.T, d database, statements string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
		"-d", d.admin, "-f", "-")
	cmd.Stdin = strings.NewReader(statements)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", statements, out)
	require.Empty(t, string(out), statements)
}

// program returns the path of one of PostgreSQL's programs.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range localpg.DefaultSearch() {
		found, err := filepath.Glob(filepath.Join(dir, name))
		require.NoError(t, err)
		if len(found) > 0 {
			return found[0]
		}
	}
	t.Fatalf("no %s: install PostgreSQL's programs", name)
	return ""
}

// rename makes d lead to its database under another name.
func (d *database) rename(t *testing.T, name string) {
	t.Helper()
	for _, address := range []*string{&d.admin, &d.URL} {
		parsed, err := url.Parse(*address)
		require.NoError(t, err)
		parsed.Path = "/" + name
		*address = parsed.String()
	}
	d.super = fixture.Superuser(t, d.admin)
}

func withUser(t *testing.T, address, user, password string) string {
	t.Helper()
	return fixture.WithUser(t, address, url.UserPassword(user, password))
}
