package sqllex_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

var kindNames = map[sqllex.Kind]string{
	sqllex.Comment: "comment", sqllex.Word: "word", sqllex.Quoted: "quoted",
	sqllex.Unicode: "unicode", sqllex.Text: "text", sqllex.Other: "other",
}

// tokens returns the tokens of sql except space, each with its kind.
func tokens(sql string) (found []string) {
	for sql != "" {
		kind, n := sqllex.Next(sql)
		if kind != sqllex.Space {
			found = append(found, fmt.Sprintf("%s:%s", kindNames[kind], sql[:n]))
		}
		sql = sql[n:]
	}
	return found
}

// The cases are the rules of the PostgreSQL manual, "Lexical Structure".
func TestTokensFollowThePostgreSQLManual(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string][]string{
		"": nil, " \t\n\r\f": nil,

		// Comments
		"-- a; b\nc":          {"comment:-- a; b", "word:c"},
		"-- a\rb":             {"comment:-- a", "word:b"},
		"--":                  {"comment:--"},
		"/* a /* b */ c */ d": {"comment:/* a /* b */ c */", "word:d"},
		"/**/a":               {"comment:/**/", "word:a"},
		"/*/ a */b":           {"comment:/*/ a */", "word:b"},
		"/*/*/ a */ b */c":    {"comment:/*/*/ a */ b */", "word:c"},
		"/***/a":              {"comment:/***/", "word:a"},
		"/* ' */a":            {"comment:/* ' */", "word:a"},
		"/* -- */ a":          {"comment:/* -- */", "word:a"},
		"/* a /* b */ c; d":   {"comment:/* a /* b */ c; d"},
		"-- /*\na":            {"comment:-- /*", "word:a"},
		"a--b":                {"word:a", "comment:--b"},
		"1+--2\n3":            {"other:1", "other:+", "comment:--2", "other:3"},
		"1---2\n3":            {"other:1", "comment:---2", "other:3"},
		"@-/* a */b":          {"other:@", "other:-", "comment:/* a */", "word:b"},
		"*/*a*/b":             {"other:*", "comment:/*a*/", "word:b"},
		"a->b - -c": {"word:a", "other:-", "other:>", "word:b", "other:-", "other:-",
			"word:c"},
		"//*a*/b": {"other:/", "comment:/*a*/", "word:b"},

		// Constants
		`'a''b'c`:      {`text:'a''b'`, "word:c"},
		`''''a`:        {`text:''''`, "word:a"},
		`''a`:          {`text:''`, "word:a"},
		`'a\'b`:        {`text:'a\'`, "word:b"},
		`'\''';a`:      {`text:'\'''`, "other:;", "word:a"},
		"'-- /* ;'a":   {"text:'-- /* ;'", "word:a"},
		"'a; b":        {"text:'a; b"},
		"'":            {"text:'"},
		"'a'\n'b\\'c":  {"text:'a'", "text:'b\\'", "word:c"},
		"'a'\nE'\\''b": {"text:'a'", "text:E'\\''", "word:b"},
		"N'a\\'b":      {"word:N", "text:'a\\'", "word:b"},
		"B'01'X'1F'":   {"word:B", "text:'01'", "word:X", "text:'1F'"},
		"U&'a\\0027'b": {"text:U&'a\\0027'", "word:b"},
		"u&'a''b'c":    {"text:u&'a''b'", "word:c"},
		"U & 'a'":      {"word:U", "other:&", "text:'a'"},

		// Constants with escapes
		`E'a\'b'c`:             {`text:E'a\'b'`, "word:c"},
		`e'\\'a`:               {`text:e'\\'`, "word:a"},
		`E'\\\''a`:             {`text:E'\\\''`, "word:a"},
		`E'a''b'c`:             {`text:E'a''b'`, "word:c"},
		`E'a\'; b`:             {`text:E'a\'; b`},
		`E'a\`:                 {`text:E'a\`},
		`E'`:                   {`text:E'`},
		`E 'a\'b`:              {"word:E", `text:'a\'`, "word:b"},
		`aE'a\'b`:              {"word:aE", `text:'a\'`, "word:b"},
		`1E'a\'b'c`:            {"other:1", `text:E'a\'b'`, "word:c"},
		`$1E'a\'b'c`:           {"other:$", "other:1", `text:E'a\'b'`, "word:c"},
		`1e5'a\'b`:             {"other:1", "word:e5", `text:'a\'`, "word:b"},
		`1_e'a\'b`:             {"other:1", "word:_e", `text:'a\'`, "word:b"},
		"E'a'\n'b\\''c":        {"text:E'a'\n'b\\''", "word:c"},
		"E'a' \t\r\n '\\''b":   {"text:E'a' \t\r\n '\\''", "word:b"},
		"E'a' -- x\n'\\''b":    {"text:E'a' -- x\n'\\''", "word:b"},
		"E'a'\n-- x '\n'\\''b": {"text:E'a'\n-- x '\n'\\''", "word:b"},
		"E'a'\n'b'\n'\\''c":    {"text:E'a'\n'b'\n'\\''", "word:c"},
		"E'a' '\\'b":           {"text:E'a'", "text:'\\'", "word:b"},
		"E'a'/**/\n'\\'b":      {"text:E'a'", "comment:/**/", "text:'\\'", "word:b"},
		"E'a'\n/**/'\\'b":      {"text:E'a'", "comment:/**/", "text:'\\'", "word:b"},
		"E'a' -- x":            {"text:E'a'", "comment:-- x"},
		"E'a'\nb":              {"text:E'a'", "word:b"},

		// Dollar quotes
		"$$a'b$$c":             {"text:$$a'b$$", "word:c"},
		"$a$b$$c$a$d":          {"text:$a$b$$c$a$", "word:d"},
		"$a$ $b$a$c":           {"text:$a$ $b$a$", "word:c"},
		"$a$ $ab$ $A$ $a $a$c": {"text:$a$ $ab$ $A$ $a $a$", "word:c"},
		"$$$a$$b":              {"text:$$$a$$", "word:b"},
		"$$$$a":                {"text:$$$$", "word:a"},
		"$$a; b":               {"text:$$a; b"},
		"$a_1$b$a_1$c":         {"text:$a_1$b$a_1$", "word:c"},
		"$ä$b$ä$c":             {"text:$ä$b$ä$", "word:c"},
		"a$$b":                 {"word:a$$b"},
		"a$b$ ;":               {"word:a$b$", "other:;"},
		"1$$a$$b":              {"other:1", "text:$$a$$", "word:b"},
		"$1$a$b$a$c":           {"other:$", "other:1", "text:$a$b$a$", "word:c"},
		"$1a$b$":               {"other:$", "other:1", "word:a$b$"},
		"$a b$":                {"other:$", "word:a", "word:b$"},
		"$1 + $2":              {"other:$", "other:1", "other:+", "other:$", "other:2"},
		"$":                    {"other:$"},
		"$a":                   {"other:$", "word:a"},
		"$a-$b-$": {"other:$", "word:a", "other:-", "other:$", "word:b", "other:-",
			"other:$"},

		// Names
		`"a""b"c`:      {`quoted:"a""b"`, "word:c"},
		`"a'b"'c"d'`:   {`quoted:"a'b"`, `text:'c"d'`},
		`"a\"b`:        {`quoted:"a\"`, "word:b"},
		`"a; b`:        {`quoted:"a; b`},
		`U&"d\0061t"a`: {`unicode:U&"d\0061t"`, "word:a"},
		`u&"a""b"c`:    {`unicode:u&"a""b"`, "word:c"},
		`aU&"b"`:       {"word:aU", "other:&", `quoted:"b"`},
		"größe_1$":     {"word:größe_1$"},
		"\u00a0a":      {"word:\u00a0a"},
		"\u2028;":      {"word:\u2028", "other:;"},
		"a\xffb":       {"word:a\xffb"},
		"_a":           {"word:_a"},
		"1a":           {"other:1", "word:a"},
		"a.b(c);":      {"word:a", "other:.", "word:b", "other:(", "word:c", "other:)", "other:;"},
	} {
		require.Equal(t, want, tokens(sql), "%q", sql)
	}
}

// For any text: no token is empty, the tokens together are the text, and a delimited token
// ends at its delimiter.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{
		"SELECT 'a''b' -- c\n/* d /* e */ */ E'\\'f'\n'g' $h$ i $h$ \"j\" U&\"k\" 1E'l' $1", "$",
		"'", "\"", "/*", "E'\\", "U&", "$a$", "\x00\xff", "E'a'\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		var all strings.Builder
		for rest := sql; rest != ""; {
			kind, n := sqllex.Next(rest)
			require.Positive(t, n)
			require.LessOrEqual(t, n, len(rest))
			token := rest[:n]
			all.WriteString(token)
			requireWhole(t, kind, token, rest[n:])
			rest = rest[n:]
		}
		require.Equal(t, sql, all.String())
	})
}

// requireWhole requires that a token is read as the same token on its own, and that a
// delimited token ends with its delimiter.
func requireWhole(t *testing.T, kind sqllex.Kind, token, rest string) {
	t.Helper()
	again, n := sqllex.Next(token)
	require.Equal(t, kind, again, "%q", token)
	require.Equal(t, len(token), n, "%q", token)
	switch kind {
	case sqllex.Other:
		require.Len(t, token, 1)
		require.NotContains(t, "'\" \t\r\n\f", token)
	case sqllex.Comment, sqllex.Quoted, sqllex.Unicode, sqllex.Text:
		if rest == "" {
			return // it may be without an end
		}
		if strings.HasPrefix(token, "--") {
			require.Contains(t, "\r\n", rest[:1])
			return
		}
		require.Contains(t, []string{"*/", "'", "\"", "$"}, ending(token), "%q", token)
	}
}

func ending(token string) string {
	if strings.HasSuffix(token, "*/") {
		return "*/"
	}
	return token[len(token)-1:]
}
