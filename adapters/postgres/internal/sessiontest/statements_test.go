package sessiontest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// statements counts the statements of a message, by the library's lexer.
func statements(message string) int {
	count, within := 0, false
	for message != "" {
		kind, n := sqllex.Next(message)
		switch {
		case kind == sqllex.Other && message[0] == ';':
			within = false
		case kind != sqllex.Space && kind != sqllex.Comment && !within:
			count, within = count+1, true
		}
		message = message[n:]
	}
	return count
}

// FuzzHiddenStatement compares the library's lexer with PostgreSQL's, which refuses to prepare a
// message of several statements. If PostgreSQL counts several, the library must too: otherwise
// a statement hidden in what the library takes for a constant, a comment or a name is sent
// unchecked.
func FuzzHiddenStatement(f *testing.F) {
	for _, seed := range []string{
		"SELECT 1; SELECT 2", "SELECT '; SELECT 2'", "SELECT 'a\\'; SELECT 2 --'",
		"SELECT E'a\\'; SELECT 2 --'", "SELECT E'a'\n'\\''; SELECT 2 --'",
		"SELECT E'a' -- b\n'\\'; SELECT 2 --'", "SELECT E'a' '\\'; SELECT 2 --'",
		"SELECT $$; SELECT 2$$", "SELECT $a$ $b$; SELECT 2 --$b$ $a$",
		"SELECT 1 AS a$$; SELECT 2 --$$",
		"SELECT 1 /* /* */; SELECT 2 */", "SELECT 1 /*/ */; SELECT 2 --*/",
		"SELECT 1 --\r; SELECT 2", "SELECT U&'\\0027'; SELECT 2 --'",
		`SELECT 1 AS U&"a\0022"; SELECT 2 --"`,
		"SELECT 1 AS \"a\"\"b\"; SELECT 2", "SELECT B'0'';SELECT 2 --'",
		"SELECT N'\\'; SELECT 2 --'", "SELECT 1E'\\'; SELECT 2 --'", "SELECT 1 +-- a\n2; SELECT 3",
		"SELECT 1 @-/* a */ 2; SELECT 3", "SELECT E'\\\\'; SELECT 2 --'",
		"SELECT $1$a$; SELECT 2 --$a$", "SELECT 'a'\v'b'; SELECT 1", "SELECT 1;;;SELECT 2;",
		"SELECT E'a'\f\n'\\'; SELECT 2 --'", "SELECT \u00a01; SELECT 2",
		"SELECT X'0'\n'\\'; SELECT 2", "SELECT U&'a' UESCAPE '\\'; SELECT 2 --'",
		"SELECT U&'a'\n'\\'; SELECT 2 --'",
	} {
		f.Add(seed)
	}
	db := superuser(f)
	db.SetMaxOpenConns(1)
	f.Fuzz(func(t *testing.T, message string) {
		if strings.ContainsRune(message, 0) {
			return // a zero byte ends the message of the protocol
		}
		prepared, err := db.PrepareContext(t.Context(), message)
		if err == nil {
			require.LessOrEqual(t, statements(message), 1, "%q", message)
			require.NoError(t, prepared.Close())
			return
		}
		refused, ok := errors.AsType[pgdriver.Error](err)
		require.True(t, ok, "%q: %v", message, err)
		if strings.Contains(refused.Field('M'), "multiple commands") {
			require.Greater(t, statements(message), 1, "%q", message)
		}
	})
}
