package telemetry

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

const maxStatementBytes = 4096

// redactSQL returns the statement with a question mark in place of each value, and
// without comments. It has no part of an unterminated literal, identifier or
// comment. It is cut after about maxStatementBytes.
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
		case kind == sqllex.Quoted && unterminated(s[:n]),
			kind == sqllex.Unicode && unterminated(s[2:n]):
			// leave it out: it may contain a value
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

// prefixOf returns the prefix of a literal that the result keeps: U& or nothing.
func prefixOf(s string) string {
	if (s[0] == 'U' || s[0] == 'u') && s[1] == '&' {
		return s[:2]
	}
	return ""
}

// unterminated reports whether a quoted identifier has no closing quote.
func unterminated(s string) bool { return len(s) < 2 || s[len(s)-1] != '"' }

// startsWithNumber reports whether s begins with a number or a numbered parameter.
func startsWithNumber(s string) bool {
	return isDigit(s[0]) || s[0] == '$' && len(s) > 1 && isDigit(s[1])
}

// numberLen returns the length of the number, in any notation, or of the parameter
// at the beginning of s.
func numberLen(s string) int {
	n := 1
	for n < len(s) && s[n] != '$' && !isEscaped(s[n:]) &&
		(isWord(s[n]) || s[n] == '.' || isSign(s[n]) && (s[n-1] == 'e' || s[n-1] == 'E')) {
		n++
	}
	return n
}

// isEscaped reports whether s begins with a literal E'…', in which backslashes
// escape.
func isEscaped(s string) bool { return len(s) > 1 && (s[0] == 'e' || s[0] == 'E') && s[1] == '\'' }

func isSign(c byte) bool { return c == '-' || c == '+' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord reports whether an identifier may contain c after its first character.
func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' ||
		c >= 0x80
}
