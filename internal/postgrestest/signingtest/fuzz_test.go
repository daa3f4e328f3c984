package signingtest

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The process that starts a fuzz target's workers passes them its database and a signed setting in
// these environment variables. Settings signed by each worker would differ, since they contain the
// second.
const (
	fuzzedDatabase = "POSTGRESTEST_FUZZED_DATABASE"
	fuzzedSetting  = "POSTGRESTEST_FUZZED_SETTING"
)

// fuzzed returns the database and the signed setting of a fuzz target.
func fuzzed(f *testing.F) (databaseURL, signed string) {
	f.Helper()
	databaseURL, signed = os.Getenv(fuzzedDatabase), os.Getenv(fuzzedSetting)
	if databaseURL == "" {
		databaseURL = fixture.MigratedURL(f, true)
		signed = newestKey(f, fixture.Superuser(f, databaseURL)).
			sign(tenancy.DefaultID, time.Now().Add(24*time.Hour))
		f.Setenv(fuzzedDatabase, databaseURL)
		f.Setenv(fuzzedSetting, signed)
	}
	return databaseURL, signed
}

// FuzzSignedContext asks the database for the tenant of a setting: none for an empty one, and the
// signed tenant for one with the signature, however its digits are written. Every other setting
// must be an error.
func FuzzSignedContext(f *testing.F) {
	databaseURL, signed := fuzzed(f)
	for _, setting := range []string{"", " ", signed, strings.ToUpper(signed), signed + " ",
		signed[:48] + "/" + signed[49:], signed[:49] + signed[49:51] + "\n" + signed[51:],
		signed[:36], signed[:47], signed[:48], signed[:112], "'", "\\", "\x00", "\xff",
		strings.Repeat("ä", 113), signed[1:], "{" + signed[:36] + "}" + signed[36:]} {
		f.Add(setting)
	}
	for at := range len(signed) {
		f.Add(signed[:at] + "0" + signed[at+1:])
	}
	conn := rawConn(f, fixture.AppURL(f, databaseURL))
	f.Fuzz(func(t *testing.T, setting string) {
		if strings.ContainsRune(setting, 0) {
			return // a setting can't contain NUL
		}
		var tenant sql.NullString
		err := conn.QueryRowContext(t.Context(), "SET LOCAL bailiwick.tenant = '"+
			strings.ReplaceAll(setting, "'", "''")+"'; SELECT bailiwick.current_tenant()").
			Scan(&tenant)
		switch {
		case err != nil:
			_, refused := errors.AsType[pgdriver.Error](err)
			require.True(t, refused, "%q: %v", setting, err)
			require.NotEmpty(t, setting)
			require.NotEqual(t, signed, setting)
		case !tenant.Valid:
			require.Empty(t, setting)
		default:
			require.Equal(t, tenancy.DefaultID.String(), tenant.String)
			requireSame(t, signed, setting)
		}
	})
}

// requireSame requires that an accepted setting equals the signed one, except for the character
// before the signature and the way its hexadecimal digits are written.
func requireSame(t *testing.T, signed, setting string) {
	t.Helper()
	const message = 36 + 1 + 10
	require.True(t, strings.HasPrefix(setting, signed[:message]), "%q", setting)
	_, dot := utf8.DecodeRuneInString(setting[message:])
	digits := strings.Join(strings.Fields(setting[message+dot:]), "")
	got, err := hex.DecodeString(digits)
	require.NoError(t, err, "%q", setting)
	want, err := hex.DecodeString(signed[message+1:])
	require.NoError(t, err)
	require.Equal(t, want, got, "%q", setting)
}
