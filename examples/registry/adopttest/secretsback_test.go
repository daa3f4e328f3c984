package adopttest

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// secretsInClear are secrets as the single-tenant version has them: texts with quotes and question
// marks, numbers, true, lists and nested values, next to numbers that keep their zeros.
const secretsInClear = `
INSERT INTO model_configs (name, provider, model, api_key)
  SELECT 'clear-' || i, 'p', 'm', 'sk-?0 ''"\' || i FROM generate_series(1, 250) i;
UPDATE model_configs SET api_key = '' WHERE name = 'clear-7';
INSERT INTO mcp_servers (name, spec) SELECT 'marked/' || i, jsonb_build_object('ratio', 1.50, 'headers',
  jsonb_build_array(jsonb_build_object('isSecret', true, 'value', 'v-' || i, 'default', 5432, 'choices',
    jsonb_build_array('a', 1.10, true, null, '', jsonb_build_object('a/b~c', 'deep'))),
  jsonb_build_object('value', 'shown'))) FROM generate_series(1, 250) i;
INSERT INTO mcp_servers (name, spec) VALUES ('marked/' || repeat('n', 200),
  '{"x": {"is_secret": true, "value": "long"}}');
`

// rowsBeforeAdoption are the checksums of the rows of adoptWithSecrets before the adoption.
var rowsBeforeAdoption map[string]string

// adoptWithSecrets returns a database whose secrets a start with tenancy on has moved into the
// vault, and its rows from before.
func adoptWithSecrets(t *testing.T) (postgres.Options, map[string]string) {
	t.Helper()
	url := pgtest.Template(t, "adopted-with-secrets", func(url string) error {
		db := connect(t, url)
		for _, file := range []string{singleTenantFile("schema.sql"),
			"testdata/single-tenant/rows.sql"} {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			_, err = db.ExecContext(t.Context(), string(text))
			require.NoError(t, err)
		}
		_, err := db.ExecContext(t.Context(), secretsInClear)
		require.NoError(t, err)
		rowsBeforeAdoption = checksumsButVersions(t, db)
		require.NoError(t, db.Close())
		contractAndOpen(t, adoptionOptions(t, url, true))
		return nil
	})
	return adoptionOptions(t, url, true), rowsBeforeAdoption
}

// contractAndOpen finishes the adoption and opens the database once, which moves the secrets.
func contractAndOpen(t *testing.T, o postgres.Options) {
	t.Helper()
	require.NoError(t, postgres.MigrateUp(t.Context(), o, fastMigration(adoption.Contract)))
	opened, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, opened.Close())
	require.Zero(t, rowsWithSecrets(t, o), "the secrets are in the vault")
}

// checksumsButVersions leaves out the versions, which a move of secrets counts.
func checksumsButVersions(t *testing.T, db *bun.DB) map[string]string {
	t.Helper()
	sums := checksums(t, db)
	for table, key := range map[string]string{"model_configs": "api_key", "mcp_servers": "spec"} {
		var sum string
		require.NoError(t, db.NewRaw("SELECT md5(string_agg(concat_ws('|', id, name, labels, spec, "+key+
			", created_at, updated_at), E'\\n' ORDER BY id)) FROM "+table).Scan(t.Context(), &sum))
		sums[table] = sum
	}
	return sums
}

// rowsWithSecrets returns how many rows have secrets in clear.
func rowsWithSecrets(t *testing.T, o postgres.Options) (count int) {
	t.Helper()
	db := connect(t, o.URL)
	require.NoError(t, db.NewRaw("SELECT (SELECT count(*) FROM model_configs"+
		" WHERE api_key <> '' AND api_key NOT LIKE '$secret:%')"+
		" + (SELECT count(*) FROM mcp_servers WHERE spec::text ~ '\"(v-\\d+|deep|long)\"')").
		Scan(t.Context(), &count))
	require.NoError(t, db.Close())
	return count
}

// inClear is rowsWithSecrets of a database in which all of secretsInClear are.
const inClear = 250 + 250 + 1 // without clear-7, and with slow of the rows that all tests have

func requireRows(t *testing.T, o postgres.Options, want map[string]string) {
	t.Helper()
	db := connect(t, o.URL)
	require.Equal(t, want, checksumsButVersions(t, db))
	require.NoError(t, db.Close())
}

func migrateDown(t *testing.T, o postgres.Options, phase adoption.Phase) {
	t.Helper()
	require.NoError(t, postgres.MigrateDown(t.Context(), o, fastMigration(phase)))
}

func TestMigrateDownWritesSecretsBackIntoTheRows(t *testing.T) {
	t.Parallel()
	o, before := adoptWithSecrets(t)
	migrateDown(t, o, adoption.Contract)
	requireRows(t, o, before)
	contractAndOpen(t, o)
	migrateDown(t, o, adoption.Expand)
	requireRows(t, o, before)
}

func TestSecretsAreWrittenBackAfterInterruptions(t *testing.T) {
	t.Parallel()
	o, before := adoptWithSecrets(t)
	errKilled := errors.New("killed")
	interrupt := func(phase adoption.Phase, kind adoption.EventKind, after int) error {
		m := fastMigration(phase)
		m.OnEvent = func(e adoption.Event) error {
			if e.Kind == kind {
				after--
			}
			if after == 0 {
				return errKilled
			}
			return nil
		}
		return postgres.MigrateDown(t.Context(), o, m)
	}
	require.ErrorIs(t, interrupt(adoption.Contract, adoption.Batch, 2), errKilled)
	require.Greater(t, rowsWithSecrets(t, o), 200, "some are written back")
	require.Less(t, rowsWithSecrets(t, o), inClear)
	contractAndOpen(t, o) // a start in between
	require.ErrorIs(t, interrupt(adoption.Contract, adoption.Batch, 3), errKilled)
	require.ErrorIs(t, interrupt(adoption.Contract, adoption.Batch, 1), errKilled)
	kills := 0 // while the tables lose their columns
	for ; kills < 100; kills++ {
		err := interrupt(adoption.Expand, adoption.Ended, 20)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, errKilled)
	}
	require.Greater(t, kills, 4)
	requireRows(t, o, before)
}

func TestMigrateDownWithoutTheKeyChangesNothing(t *testing.T) {
	t.Parallel()
	o, _ := adoptWithSecrets(t)
	db := connect(t, o.URL)
	before, catalog := checksums(t, db), dump(t, o.URL)
	require.NoError(t, db.Close())
	refused := func(o postgres.Options, sentences ...string) {
		for _, phase := range []adoption.Phase{adoption.Contract, adoption.Expand} {
			err := postgres.MigrateDown(t.Context(), o, fastMigration(phase))
			require.Equal(t, tenancy.CodeInvalidState, tenancy.CodeOf(err), "%v", err)
			for _, sentence := range sentences {
				require.ErrorContains(t, err, sentence)
			}
		}
		db := connect(t, o.URL)
		require.Equal(t, before, checksums(t, db))
		require.Equal(t, catalog, dump(t, o.URL))
		var moved bool
		require.NoError(t, db.NewRaw("SELECT secrets_moved FROM bailiwick.instance").
			Scan(t.Context(), &moved))
		require.True(t, moved)
		require.NoError(t, db.Close())
	}
	without := o
	without.SecretsKey = nil
	refused(without, "SECRETS_KEY", "Options.SecretsKey", "nothing was changed")
	without.SecretsKey = []byte(strings.Repeat("x", 32))
	refused(without, "SECRETS_KEY isn't the key")

	db = connect(t, o.URL)
	_, err := db.ExecContext(t.Context(), "DELETE FROM bailiwick.secrets"+
		" WHERE name IN ('model_config/clear-3/api_key', 'mcp_server/marked/5/headers.0.value')")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	refused(o, "model_config clear-3 /spec/api_key", "nothing was changed")
}

// The old version changes a key after the way back. The next way up takes the newer value.
func TestKeyThatTheOldVersionChangedIsInTheVaultAfterTheNextUp(t *testing.T) {
	t.Parallel()
	o, _ := adoptWithSecrets(t)
	migrateDown(t, o, adoption.Contract)
	db := connect(t, o.URL)
	for _, change := range []string{
		"UPDATE model_configs SET api_key = 'newer' WHERE name = 'slow'",
		`UPDATE mcp_servers SET spec = jsonb_set(spec, '{headers,0,value}', '"newer"')
			WHERE name = 'marked/1'`,
		"UPDATE mcp_servers SET spec = jsonb_set(spec, '{x,value}', '\"newer\"')" +
			" WHERE name = 'marked/' || repeat('n', 200)",
	} {
		_, err := db.ExecContext(t.Context(), change)
		require.NoError(t, err)
	}
	before := checksumsButVersions(t, db)
	require.NoError(t, db.Close())
	contractAndOpen(t, o)
	migrateDown(t, o, adoption.Expand)
	requireRows(t, o, before)
}

// Secrets that the items share, and that were set under other names, come back too.
func TestSharedSecretsAreWrittenBackIntoEachRow(t *testing.T) {
	t.Parallel()
	o, _ := adoptWithSecrets(t)
	db := connect(t, o.URL)
	_, err := db.ExecContext(t.Context(), "UPDATE model_configs"+
		" SET api_key = '$secret:model_config/slow/api_key' WHERE name IN ('clear-1', 'fast')")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	migrateDown(t, o, adoption.Contract)
	db = connect(t, o.URL)
	keys := map[string]string{}
	var rows []struct{ Name, APIKey string }
	require.NoError(t, db.NewRaw("SELECT name, api_key FROM model_configs"+
		" WHERE name IN ('slow', 'clear-1', 'fast')").Scan(t.Context(), &rows))
	for _, r := range rows {
		keys[r.Name] = r.APIKey
	}
	require.Equal(t, map[string]string{"slow": "sk-in-clear", "clear-1": "sk-in-clear",
		"fast": "sk-in-clear"}, keys)
	var left []string
	require.NoError(t, db.NewRaw("SELECT name FROM bailiwick.secrets").Scan(t.Context(), &left))
	require.Empty(t, left, "the vault keeps no older value under a name that an item gives")
	require.NoError(t, db.Close())
}

func TestPlanDownNamesTheRowsThatGetSecrets(t *testing.T) {
	t.Parallel()
	o, _ := adoptWithSecrets(t)
	planned := func() map[string]int64 {
		plan, err := postgres.PlanDown(t.Context(), o, fastMigration(adoption.Contract))
		require.NoError(t, err)
		rows := map[string]int64{}
		for _, p := range plan {
			if p.Step == "secrets" {
				rows[p.On] = p.Rows
				require.Contains(t, p.SQL[0], "-- ")
			}
		}
		return rows
	}
	require.Equal(t, map[string]int64{`"public"."model_configs"`: 251,
		`"public"."mcp_servers"`: 251}, planned())
	migrateDown(t, o, adoption.Contract)
	require.Empty(t, planned())
}
