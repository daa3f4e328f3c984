package clustertest

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
)

var signedManifest = federation.Manifest{Count: 1, Digest: "sha256:00",
	Source: federation.Source{Instance: "i", Tenant: "acme", Revision: 2}}

func instanceKeys(t *testing.T, db *postgres.DB) []trust.PublicKey {
	t.Helper()
	keys, err := db.Services().InstanceKeys.PublicKeys(t.Context())
	require.NoError(t, err)
	return keys
}

// signs requires that db signs with this key.
func signs(t *testing.T, db *postgres.DB, key trust.PublicKey) {
	t.Helper()
	m := signedManifest
	var err error
	m.Signature, err = db.Services().InstanceKeys.Sign(t.Context(), m)
	require.NoError(t, err)
	require.NoError(t, trust.Verify(m, key))
}

func keyedOptions(t *testing.T) postgres.Options {
	o := fixture.Options(fixture.MigratedURL(t, true), true)
	o.SecretsKey = bytes.Repeat([]byte{1}, 32)
	return o
}

func TestInstancesThatStartTogetherMakeOneKey(t *testing.T) {
	t.Parallel()
	o := keyedOptions(t)
	dbs := make([]*postgres.DB, 4)
	var starts sync.WaitGroup
	for i := range dbs {
		starts.Go(func() {
			var err error
			if dbs[i], err = postgres.Open(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	for _, db := range dbs {
		require.NotNil(t, db)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		keys := instanceKeys(t, db)
		require.Len(t, keys, 1)
		signs(t, db, keys[0])
	}
}

func TestRotatedInstanceKeySignsEverywhereAndTheOldOneVerifies(t *testing.T) {
	t.Parallel()
	o := keyedOptions(t)
	one, two := fixture.Open(t, o), fixture.Open(t, o)
	first := instanceKeys(t, one)[0]
	signs(t, two, first)
	second, err := one.RotateInstanceKey(t.Context())
	require.NoError(t, err)
	signs(t, two, second)
	require.Equal(t, []trust.PublicKey{second, first}, instanceKeys(t, two))

	entries, err := one.Services().PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{
		AuditFilter: ports.AuditFilter{Action: "platform.instance_key_rotate"}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, second.ID, entries[0].Target.Name)

	var private int
	require.NoError(t, fixture.Superuser(t, o.URL).QueryRowContext(t.Context(),
		"SELECT count(*) FROM bailiwick.instance_keys WHERE sealed IS NOT NULL").Scan(&private))
	require.Equal(t, 1, private, "the private part of the old key is deleted")
}

func TestInstanceKeyIsReplacedAfterTheLossOfTheSecretsKey(t *testing.T) {
	t.Parallel()
	o := keyedOptions(t)
	first := instanceKeys(t, fixture.Open(t, o))[0]
	fixture.Exec(t, fixture.Superuser(t, o.URL),
		"UPDATE bailiwick.instance SET secrets_check = NULL")
	o.SecretsKey = bytes.Repeat([]byte{2}, 32)
	db := fixture.Open(t, o)
	keys := instanceKeys(t, db)
	require.Len(t, keys, 2)
	require.Equal(t, first, keys[1])
	signs(t, db, keys[0])
}

func TestSealedInstanceKeyOpensOnlyUnderItsID(t *testing.T) {
	t.Parallel()
	o := keyedOptions(t)
	db := fixture.Open(t, o)
	fixture.Exec(t, fixture.Superuser(t, o.URL), "UPDATE bailiwick.instance_keys SET id = 'other'")
	_, err := db.Services().InstanceKeys.Sign(t.Context(), signedManifest)
	require.Error(t, err)
}

func TestWithoutSecretsKeyNothingIsSigned(t *testing.T) {
	t.Parallel()
	o := keyedOptions(t)
	o.SecretsKey = nil
	db := fixture.Open(t, o)
	require.Empty(t, instanceKeys(t, db))
	signature, err := db.Services().InstanceKeys.Sign(t.Context(), signedManifest)
	require.NoError(t, err)
	require.True(t, signature.IsZero())
	_, err = db.RotateInstanceKey(t.Context())
	require.ErrorContains(t, err, "SECRETS_KEY")
}
