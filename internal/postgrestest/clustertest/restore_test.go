package clustertest

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// restoring is a way to restore a dump. The commands have the URLs of the original's superuser, of the
// new database's superuser and of the new database's migrating user.
type restoring struct {
	commands   string
	attributes string // of the migrating user
	statements bool   // the start needs an administrator
}

var undocumented = map[string]restoring{
	"plain SQL, as a superuser": {`pg_dump "$SUPERUSER_URL" | psql -X -q "$NEW_SUPERUSER_URL"`,
		"SUPERUSER", false},
	"plain SQL, without owners and privileges": {
		`pg_dump -O -x "$SUPERUSER_URL" | psql -X -q "$NEW_DATABASE_URL"`, "CREATEROLE", false},
	"custom format, as a superuser": {`pg_dump -Fc "$SUPERUSER_URL" > dump
		pg_restore -d "$NEW_SUPERUSER_URL" dump || true`, "CREATEROLE", true},
	"custom format, without privileges": {`pg_dump -Fc -x "$SUPERUSER_URL" > dump
		pg_restore -O -d "$NEW_DATABASE_URL" dump || true`, "", true},
}

func TestStartMakesARestoredDumpWhole(t *testing.T) {
	t.Parallel()
	original, fresh := writtenDatabase(t), freshCluster(t)
	ways := map[string]restoring{"as documented": {documentedCommands(t), "CREATEROLE", false}}
	maps.Copy(ways, undocumented)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			server := fixture.Superuser(t, fresh)
			d := original
			d.user = newUser(t, server, way.attributes)
			name := strings.ToLower(strings.ReplaceAll(d.user, `"`, "") + " restored")
			fixture.Exec(t, server, "CREATE DATABASE "+quote(name)+" OWNER "+quote(d.user))
			d.admin, d.URL = fresh, withUser(t, fresh, d.user, password)
			d.Adopt = &adoption.Database{} // it is read before anything is created
			d.rename(t, name)
			shell(t, way.commands, "SUPERUSER_URL="+original.admin, "NEW_SUPERUSER_URL="+d.admin,
				"NEW_DATABASE_URL="+d.URL)
			if way.statements {
				err := tryOpen(t, d.Options)
				require.ErrorContains(t, err, "the database's administrator must run")
				psql(t, d, printed(err))
			}
			db := d.serve(t)
			requireKept(t, db)
			secret, err := db.Services().Vault.Get(t.Context(), tenancy.DefaultID, "s")
			require.NoError(t, err)
			require.Equal(t, "value", string(secret))
			require.Empty(t, ask(t, d.super, `SELECT string_agg(p.proname, ', ') FROM pg_proc p
				WHERE p.pronamespace = 'bailiwick'::regnamespace
				  AND p.proname NOT IN ('current_tenant', 'touch')
				  AND has_function_privilege('public', p.oid, 'EXECUTE')`))
			require.Empty(t, ask(t, d.super, `SELECT string_agg(c.relname, ', ') FROM pg_class c
				WHERE c.relnamespace = 'bailiwick'::regnamespace AND c.relkind IN ('r', 'p', 'v')
				  AND pg_get_userbyid(c.relowner) <> $1`, d.role(t, "owner")))
			d.SecretsKey = []byte(strings.Repeat("x", 32))
			require.ErrorContains(t, tryOpen(t, d.Options), "SECRETS_KEY isn't the key")
		})
	}
}

// writtenDatabase has an item and a secret of the default tenant.
func writtenDatabase(t *testing.T) database {
	t.Helper()
	d := newDatabase(t, "")
	db := d.serve(t)
	fixture.PutWidget(t, db, tenancy.DefaultID, "before", "kept")
	require.NoError(t, db.Services().Vault.Set(t.Context(), tenancy.DefaultID, "s",
		[]byte("value")))
	return d
}

// freshCluster starts a second server and returns its superuser's URL.
func freshCluster(t *testing.T) string {
	t.Helper()
	server, err := localpg.Start(t.Context(), localpg.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server.URL()
}

// documentedCommands returns the commands with which operating.md says to back up and restore.
func documentedCommands(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", ".github", "docs", "operating.md"))
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(text), "\n## Backup, restore, clone\n")
	_, section, _ = strings.Cut(section, "```sh\n")
	commands, _, found := strings.Cut(section, "```")
	require.True(t, found)
	return commands
}

// shell runs commands in an empty directory, with these settings.
func shell(t *testing.T, commands string, settings ...string) {
	t.Helper()
	path := os.Getenv("PATH")
	for _, name := range []string{"pg_dump", "psql"} {
		path = filepath.Dir(program(t, name)) + string(os.PathListSeparator) + path
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", commands)
	cmd.Dir, cmd.Env = t.TempDir(), append(settings, "PATH="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", commands, out)
}
