package postgrestest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgbouncer"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

// pooler is a PgBouncer in transaction mode: the roles that serve requests go
// through it, migrations don't.
type pooler struct{ *pgbouncer.Pooler }

func startPooler(t *testing.T) pooler {
	t.Helper()
	server := migrated(t, true)
	return pooler{pgbouncer.Start(t, appURL(t, server), systemURL(t, server))}
}

// through is o with the two roles' pools behind the pooler.
func (p pooler) through(t *testing.T, o postgres.Options) postgres.Options {
	t.Helper()
	o.ListenURL = systemURL(t, o.URL)
	o.AppURL, o.SystemURL = p.URL(appURL(t, o.URL)), p.URL(systemURL(t, o.URL))
	return o
}

func appURL(t testing.TB, owner string) string    { return derived(t, owner, "bailiwick_app") }
func systemURL(t testing.TB, owner string) string { return derived(t, owner, "bailiwick_system") }

// derived is where a role logs in by default: its password is the HMAC of its
// name with the owner's.
func derived(t testing.TB, owner, role string) string {
	t.Helper()
	parsed, err := url.Parse(owner)
	require.NoError(t, err)
	password, _ := parsed.User.Password()
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write([]byte(role))
	return as(t, owner, url.UserPassword(role, hex.EncodeToString(mac.Sum(nil))))
}

func opened(t *testing.T, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestStoreBehindATransactionPoolerKeepsTheContracts(t *testing.T) {
	t.Parallel()
	p := startPooler(t)
	portstest.Test(t, newStores(t, func(t *testing.T) postgres.Options {
		return p.through(t, options(migrated(t, true), true))
	}).services)
}
