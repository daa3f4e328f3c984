package sessiontest_test

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/connstring"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

const (
	encrypted = "encrypted"
	inClear   = "in clear"
	refused   = "refused"
)

// connects opens a session as a connection string says, and returns whether it is encrypted.
func connects(t *testing.T, text string) (string, error) {
	t.Helper()
	c, err := connstring.Parse(text)
	require.NoError(t, err)
	db := sql.OpenDB(session.NewOpener(session.OpenerConfig{
		Config: c, Timeout: timeout, BufferSize: 8 << 10, Pins: session.DefaultPins(),
	}))
	defer db.Close()
	var ssl bool
	err = db.QueryRowContext(t.Context(),
		"SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&ssl)
	switch {
	case err != nil:
		return refused, err
	case ssl:
		return encrypted, nil
	}
	return inClear, nil
}

// withMode returns the URL of the server for a user whose password is their name.
func withMode(t *testing.T, serverURL, user, mode string, more ...string) string {
	t.Helper()
	u, err := url.Parse(serverURL)
	require.NoError(t, err)
	if user != "" {
		u.User = url.UserPassword(user, user)
	}
	q := url.Values{}
	if mode != "" {
		q.Set("sslmode", mode)
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// restrictUsers creates users who may log in only with TLS, or only without it.
func restrictUsers(t *testing.T) {
	t.Helper()
	admin := superuser(t)
	_, err := admin.ExecContext(t.Context(), `
		CREATE ROLE tls_only LOGIN PASSWORD 'tls_only';
		CREATE ROLE clear_only LOGIN PASSWORD 'clear_only';
		COPY (SELECT unnest(ARRAY[
			'hostssl all tls_only 127.0.0.1/32 scram-sha-256',
			'hostnossl all clear_only 127.0.0.1/32 scram-sha-256',
			'host all tls_only,clear_only all reject']
			|| string_to_array(pg_read_file(current_setting('hba_file')), E'\n')))
			TO PROGRAM 'umask 077; cat > hba.new && mv hba.new pg_hba.conf';
		SELECT pg_reload_conf()`)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.WithoutCancel(t.Context()),
			"DROP ROLE tls_only; DROP ROLE clear_only")
		require.NoError(t, err)
	})
	eventually(t, func() bool {
		_, err := connects(t, withMode(t, serverURL(t), "clear_only", "disable"))
		return err == nil
	}, "the server hasn't read pg_hba.conf")
}

// The results are those of libpq: table 34.1 of PostgreSQL's manual, "SSL Mode Descriptions".
func TestModeOfTLSChoosesAsLibpqDoes(t *testing.T) {
	t.Parallel()
	withTLS(t)
	restrictUsers(t)
	for _, c := range []struct{ mode, anybody, tlsOnly, clearOnly string }{
		{"disable", inClear, refused, inClear},
		{"allow", inClear, encrypted, inClear},
		{"prefer", encrypted, encrypted, inClear},
		{"", encrypted, encrypted, inClear},
		{"require", encrypted, encrypted, refused},
	} {
		for user, want := range map[string]string{
			"": c.anybody, "tls_only": c.tlsOnly, "clear_only": c.clearOnly,
		} {
			got, err := connects(t, withMode(t, serverURL(t), user, c.mode))
			assert.Equal(t, want, got, "sslmode=%s, user %s: %v", c.mode, user, err)
		}
	}
}

func TestServerOfAVerifyingModeIsVerified(t *testing.T) {
	t.Parallel()
	withTLS(t)
	root := filepath.Join(t.TempDir(), "root.crt")
	certificate := queryString(t, t.Context(), superuser(t), "SELECT pg_read_file('server.crt')")
	require.NoError(t, os.WriteFile(root, []byte(certificate), 0o600))
	other, _ := selfSigned(t)
	foreign := filepath.Join(t.TempDir(), "foreign.crt")
	require.NoError(t, os.WriteFile(foreign, []byte(other), 0o600))
	for _, c := range []struct{ mode, root, host, want string }{
		{"verify-full", root, "", encrypted},
		{"verify-full", foreign, "", refused},
		{"verify-full", root, "db.example", refused},
		{"verify-ca", root, "db.example", encrypted},
		{"verify-ca", foreign, "", refused},
	} {
		more := []string{"sslrootcert", c.root}
		if c.host != "" {
			more = append(more, "host", c.host, "hostaddr", "127.0.0.1")
		}
		got, err := connects(t, withMode(t, serverURL(t), "", c.mode, more...))
		assert.Equal(t, c.want, got, "%+v: %v", c, err)
	}
}

func TestServerWithoutTLSIsUsedInClearOnlyIfTheModeAllowsIt(t *testing.T) {
	t.Parallel()
	server, err := localpg.Start(t.Context(), localpg.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	for mode, want := range map[string]string{
		"disable": inClear, "allow": inClear, "prefer": inClear, "": inClear, "require": refused,
	} {
		got, err := connects(t, withMode(t, server.URL(), "", mode))
		assert.Equal(t, want, got, "sslmode=%s: %v", mode, err)
		if want == refused {
			assert.ErrorContains(t, err, "has no TLS")
		}
	}
}
