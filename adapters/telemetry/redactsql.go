package telemetry

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

const maxStatementBytes = 4096 // bytes

// redactSQL is a statement with a question mark in place of each value, and without
// comments. What doesn't end is left out to its end.
func redactSQL(statement string) string {
	var b strings.Builder
	for s := statement; s != ""; {
		if b.Len() >= maxStatementBytes {
			b.WriteString("…")
			break
		}
		kind, n := sqllex.Next(s)
		switch {
		case kind == sqllex.Text:
			b.WriteString(prefixOf(s) + "?")
		case kind == sqllex.Comment:
			b.WriteByte(' ')
			if strings.HasPrefix(s[n:], "\n") {
				n++
			}
		case kind == sqllex.Quoted && unterminated(s[:n]), kind == sqllex.Unicode && unterminated(s[2:n]):
		case kind == sqllex.Other && startsWithNumber(s):
			b.WriteByte('?')
			n = numberLen(s)
		default:
			b.WriteString(s[:min(n, maxStatementBytes)])
		}
		s = s[n:]
	}
	return strings.ToValidUTF8(b.String(), "?")
}

// prefixOf is what is shown in front of the value of a literal: U& and nothing else.
func prefixOf(s string) string {
	if (s[0] == 'U' || s[0] == 'u') && s[1] == '&' {
		return s[:2]
	}
	return ""
}

// unterminated reports whether an identifier in quotes has no end.
func unterminated(s string) bool { return len(s) < 2 || s[len(s)-1] != '"' }

// startsWithNumber reports whether s begins with a number or a numbered parameter.
func startsWithNumber(s string) bool {
	return isDigit(s[0]) || s[0] == '$' && len(s) > 1 && isDigit(s[1])
}

// numberLen is the length of a number, in any notation, or of a parameter.
func numberLen(s string) int {
	n := 1
	for n < len(s) && s[n] != '$' && !isEscaped(s[n:]) &&
		(isWord(s[n]) || s[n] == '.' || isSign(s[n]) && (s[n-1] == 'e' || s[n-1] == 'E')) {
		n++
	}
	return n
}

// isEscaped reports whether s begins with a literal in which backslashes count.
func isEscaped(s string) bool { return len(s) > 1 && (s[0] == 'e' || s[0] == 'E') && s[1] == '\'' }

func isSign(c byte) bool { return c == '-' || c == '+' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord reports whether a name may have c in it, be it behind its beginning.
func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' ||
		c >= 0x80
}
