package losslesstest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type serverRow struct {
	bun.BaseModel `bun:"table:servers"`
	Key           *string `bun:"key,type:text"`
}

// clearRows are rows as a single-tenant version leaves them, with question marks and quotes.
const clearRows = `INSERT INTO servers (tenant_id, name, key, spec) SELECT t.id, 'old', 'hunter1?0''',
  '{"headers": [{"isSecret": true, "value": "hunter2?0''"}, {"value": "shown"}]}' FROM bailiwick.tenants t
  WHERE t.slug = 'default'`

func TestSecretsInClearAreNeverShownAndMoveIntoTheVault(t *testing.T) {
	t.Parallel()
	o := options(pgtest.Database(t), `CREATE TABLE servers (key text, `+kindColumns+`);`+clearRows,
		postgres.Table{Model: (*serverRow)(nil), Kind: "server", Secrets: []string{"key"},
			MarkedSecrets: []federation.MarkedSecret{{Marker: "isSecret",
				Members: []string{"value"}}}})
	withoutKey := o
	withoutKey.SecretsKey = nil
	db := fixture.Open(t, withoutKey)
	before := shown(t, db)
	requireHidden(t, o.URL, "hunter", 1)

	db = fixture.Open(t, o)
	require.Equal(t, before, shown(t, db), "the content that is shown stays the same")
	requireHidden(t, o.URL, "hunter", 0)
	uses, err := db.Kinds().SecretUses(before)
	require.NoError(t, err)
	require.Len(t, uses, 2)
	for _, use := range uses {
		value, err := db.Services().Vault.Get(t.Context(), tenancy.DefaultID, use.Secret)
		require.NoError(t, err)
		require.Regexp(t, `^hunter[12]\?0'$`, string(value))
	}
	_, created, err := db.Services().Resources.Put(t.Context(), tenancy.DefaultID, before,
		ports.Condition{})
	require.NoError(t, err)
	require.False(t, created)
}

// A put of what was shown keeps the secrets, also of a row that wasn't moved.
func TestPutOverARowWithSecretsInClearKeepsThem(t *testing.T) {
	t.Parallel()
	o := options(pgtest.Database(t), `CREATE TABLE servers (key text, `+kindColumns+`)`,
		postgres.Table{Model: (*serverRow)(nil), Kind: "server", Secrets: []string{"key"},
			MarkedSecrets: []federation.MarkedSecret{{Marker: "isSecret",
				Members: []string{"value"}}}})
	db := fixture.Open(t, o)
	fixture.Exec(t, fixture.Superuser(t, o.URL), clearRows)
	item := shown(t, db)
	item.Labels = map[string]string{"a": "b"}
	stored, _, err := db.Services().Resources.Put(t.Context(), tenancy.DefaultID, item,
		ports.Condition{})
	require.NoError(t, err)
	require.EqualValues(t, 2, stored.Version)
	uses, err := db.Kinds().SecretUses(stored.Item)
	require.NoError(t, err)
	for _, use := range uses {
		_, err := db.Services().Vault.Get(t.Context(), tenancy.DefaultID, use.Secret)
		require.NoError(t, err)
	}
}

// shown returns the item of the default tenant, in which no secret may be.
func shown(t *testing.T, db *postgres.DB) federation.Item {
	t.Helper()
	found, err := db.Services().Resources.Get(t.Context(), tenancy.DefaultID,
		ref("server", "old"))
	require.NoError(t, err)
	require.NotContains(t, string(found.Spec), "hunter")
	require.Contains(t, string(found.Spec), "shown")
	err = db.Services().Transfers.Export(t.Context(), tenancy.DefaultID, ports.Selection{},
		func(it federation.Item) error {
			require.Equal(t, found.Item.Digest, it.Digest)
			return nil
		})
	require.NoError(t, err)
	found.Item.Version, found.Item.UpdatedAt = 0, found.CreatedAt
	return found.Item
}

// requireHidden requires that so many rows of the table have the text.
func requireHidden(t *testing.T, databaseURL, text string, rows int) {
	t.Helper()
	found, err := fixture.Strings(fixture.Superuser(t, databaseURL).QueryContext(t.Context(),
		"SELECT name FROM servers t WHERE strpos(t::text, '"+text+"') > 0"))
	require.NoError(t, err)
	require.Len(t, found, rows)
}
