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

// What the process that starts a fuzz target's workers tells them: of the database
// that it has made, and of the setting that it has signed. One that each signed for
// itself would differ by the second.
const (
	fuzzedDatabase = "POSTGRESTEST_FUZZED_DATABASE"
	fuzzedSetting  = "POSTGRESTEST_FUZZED_SETTING"
)

func fuzzed(f *testing.F) (databaseURL, signed string) {
	f.Helper()
	databaseURL, signed = os.Getenv(fuzzedDatabase), os.Getenv(fuzzedSetting)
	if databaseURL == "" {
		databaseURL = fixture.MigratedURL(f, true)
		signed = youngest(f, fixture.Superuser(f, databaseURL)).
			sign(tenancy.DefaultID, time.Now().Add(24*time.Hour))
		f.Setenv(fuzzedDatabase, databaseURL)
		f.Setenv(fuzzedSetting, signed)
	}
	return databaseURL, signed
}

// FuzzSignedContext asks the database who it takes a setting for: nobody, if it is
// empty; the tenant that was signed, however the signature's digits are written;
// and otherwise it is an error.
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
	conn := bare(f, fixture.AppURL(f, databaseURL))
	f.Fuzz(func(t *testing.T, setting string) {
		if strings.ContainsRune(setting, 0) {
			return // no setting holds it
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

// requireSame requires of a setting that it says what the signed one says: what
// was signed to the letter, one character, and the signature in hexadecimal digits.
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
