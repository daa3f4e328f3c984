package clustertest

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestServerWithAnotherSecretsKeyIsRefused(t *testing.T) {
	t.Parallel()
	own, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	for name, prepare := range map[string]func(t *testing.T, o postgres.Options){
		"the key of the first start": func(t *testing.T, o postgres.Options) {
			require.NoError(t, tryOpen(t, o))
		},
		"the key of an existing secret": func(t *testing.T, o postgres.Options) {
			db := fixture.Open(t, o)
			require.NoError(t, db.Services().Vault.Set(t.Context(), tenancy.DefaultID, "s",
				[]byte("value")))
			fixture.Exec(t, fixture.Superuser(t, o.URL),
				"UPDATE bailiwick.instance SET secrets_check = NULL")
		},
		"a server without a key first": func(t *testing.T, o postgres.Options) {
			without := o
			without.SecretsKey = nil
			require.NoError(t, tryOpen(t, without))
			require.NoError(t, tryOpen(t, o))
			require.NoError(t, tryOpen(t, without))
		},
	} {
		for _, multiTenant := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				o := fixture.Options(fixture.MigratedURL(t, multiTenant), multiTenant)
				o.SecretsKey = own
				prepare(t, o)
				o.SecretsKey = other
				err := tryOpen(t, o)
				require.Equal(t, tenancy.CodeInvalidState, tenancy.CodeOf(err))
				require.ErrorContains(t, err, "SECRETS_KEY isn't the key")
				for _, key := range [][]byte{own, other} {
					require.NotContains(t, err.Error(), base64.StdEncoding.EncodeToString(key))
				}
				o.SecretsKey = own
				require.NoError(t, tryOpen(t, o))

				// the documented way on without the key
				fixture.Exec(t, fixture.Superuser(t, o.URL), "DELETE FROM bailiwick.secrets;"+
					" UPDATE bailiwick.instance SET secrets_check = NULL")
				o.SecretsKey = other
				require.NoError(t, tryOpen(t, o))
				o.SecretsKey = own
				require.Error(t, tryOpen(t, o))
			})
		}
	}
}
