package telemetry_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
)

func TestRedactedStatementHasNoValues(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		`SELECT id FROM bailiwick.find_key('\x00ff')`: `SELECT id FROM bailiwick.find_key(?)`,
		`INSERT INTO t (a, b) VALUES ('it''s', 12.5e-3), (NULL, TRUE)`: `INSERT INTO t (a, b) ` +
			`VALUES (?, ?), (NULL, TRUE)`,
		`SELECT "a1" AS "it's", b2 FROM t3 WHERE c ->> 'k' = $1`: `SELECT "a1" AS "it's", b2 ` +
			`FROM t3 WHERE c ->> ? = ?`,
		`SELECT E'a\'secret' , e'\\', 'secret\'`:                     `SELECT ? , ?, ?`,
		`SELECT $$secret$$, $a$ $$ secret $b$ $a$, x`:                `SELECT ?, ?, x`,
		`SELECT typE'secret\', a$b$'secret'`:                         `SELECT typE?, a$b$?`,
		"SELECT 1 -- secret\n, 2 /* secret /* more */ secret */ + 3": "SELECT ?  , ?   + ?",
		`SELECT '--', "/*", '/*'`:                                    `SELECT ?, "/*", ?`,
		`SELECT 'secret`:                                             `SELECT ?`,
		`SELECT $x$secret`:                                           `SELECT ?`,
		`SELECT "secret`:                                             `SELECT `,
		`SELECT /* secret`:                                           `SELECT  `,
		`SELECT $1$2 'secret $1$ tail'`:                              `SELECT ?? ?`,
		`SELECT 0x1F, 1_000, -5, 1e10, .5, a.b`:                      `SELECT ?, ?, -?, ?, .?, a.b`,
		`SELECT 1$a$two words$a$, 1E'a\'secret'`:                     `SELECT ??, ??`,
		`SET LOCAL bailiwick.tenant = '0190.99.abcdef'; SELECT U&'\0061'`: `SET LOCAL ` +
			`bailiwick.tenant = ?; SELECT U&?`,
		`SELECT '&secret', u&'secret', U&"secret", U&"secret" || x, U&"`: `SELECT ?, u&?, ` +
			`U&"secret", U&"secret" || x, `,
		"":                                "",
		"'":                               "?",
		"$":                               "$",
		"SELECT größe FROM t WHERE a='ß'": "SELECT größe FROM t WHERE a=?",
	} {
		assert.Equal(t, want, telemetry.RedactSQL(statement), statement)
	}
}

func TestLongStatementIsTruncated(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{
		"INSERT INTO t VALUES " + strings.Repeat("('secret'), ", 1<<20),
		"SELECT " + strings.Repeat("ü", 1<<20), `SELECT "` + strings.Repeat("ü", 1<<20) + `"`,
	} {
		truncated := telemetry.RedactSQL(statement)
		assert.Less(t, len(truncated), 10_000)
		assert.True(t, utf8.ValidString(truncated), "OTLP accepts only UTF-8")
		assert.NotContains(t, truncated, "secret")
	}
}

func FuzzRedactedStatementHasNoValues(f *testing.F) {
	f.Add("SELECT ", "it's \\", ", x")
	f.Fuzz(func(t *testing.T, before, value, after string) {
		if strings.ContainsAny(before, `'"$/-\eE`) || len(value) < 4 ||
			strings.Contains(before+after, value) || strings.ContainsAny(value, "?… ") {
			return
		}
		literal := "'" + strings.ReplaceAll(value, "'", "''") + "'"
		got := telemetry.RedactSQL(before + " " + literal + after)
		if strings.Contains(got, value) {
			t.Errorf("%q contains the value %q", got, value)
		}
	})
}
