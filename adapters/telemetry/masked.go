package telemetry

import "strings"

const maxStatement = 4096 // bytes

// masked is a statement with a question mark in place of each value, and without
// comments. It reads SQL as PostgreSQL does with standard_conforming_strings on.
// What doesn't end is left out to its end.
func masked(statement string) string {
	var b strings.Builder
	for s := statement; s != ""; {
		if b.Len() >= maxStatement {
			b.WriteString("…")
			break
		}
		n := token(s)
		switch c := s[0]; {
		case isValue(s[:n]):
			b.WriteByte('?')
		case strings.HasPrefix(s, "--"), strings.HasPrefix(s, "/*"):
			b.WriteByte(' ')
		case c == '"' && (n < 2 || s[n-1] != '"'): // it has no end
		default:
			b.WriteString(s[:min(n, maxStatement)])
		}
		s = s[n:]
	}
	return strings.ToValidUTF8(b.String(), "?")
}

// isValue reports whether a token is a literal.
func isValue(token string) bool {
	c := token[0]
	return c == '\'' || c == '$' && len(token) > 1 || isDigit(c) || isEscaped(token)
}

// isEscaped reports whether s begins with a literal in which backslashes count.
func isEscaped(s string) bool { return len(s) > 1 && (s[0] == 'e' || s[0] == 'E') && s[1] == '\'' }

// token answers the length of the first token of s, which isn't empty.
func token(s string) int {
	switch c := s[0]; {
	case isEscaped(s):
		return 1 + quoted(s[1:], true)
	case c == '\'' || c == '"':
		return quoted(s, false)
	case c == '$':
		return dollars(s)
	case strings.HasPrefix(s, "--"):
		return upTo(s, "\n")
	case strings.HasPrefix(s, "/*"):
		return comment(s)
	case isDigit(c):
		return number(s)
	case isWord(c):
		return word(s)
	}
	return 1
}

// quoted is the length of what stands between two quotes, where two of them stand
// for one.
func quoted(s string, backslashes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case backslashes && s[i] == '\\':
			i++
		case s[i] == s[0] && i+1 < len(s) && s[i+1] == s[0]:
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}

// dollars is the length of a literal in dollar quotes, or of a parameter.
func dollars(s string) int {
	n := 1
	if n < len(s) && isDigit(s[n]) {
		return n + number(s[n:])
	}
	for n < len(s) && isWord(s[n]) && s[n] != '$' {
		n++
	}
	if n == len(s) || s[n] != '$' {
		return n
	}
	delimiter := s[:n+1]
	return len(delimiter) + upTo(s[len(delimiter):], delimiter)
}

// upTo is the length of s up to the end of what it is looked through for.
func upTo(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}

// comment is the length of a comment, which may hold others.
func comment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(s)
}

// number is the length of a number, in any notation.
func number(s string) int {
	n := 1
	for n < len(s) && s[n] != '$' && !isEscaped(s[n:]) && (isWord(s[n]) || s[n] == '.' || isSign(s[n]) && (s[n-1] == 'e' || s[n-1] == 'E')) {
		n++
	}
	return n
}

func isSign(c byte) bool { return c == '-' || c == '+' }

func word(s string) int {
	n := 1
	for n < len(s) && isWord(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord reports whether a name may have c in it, be it behind its beginning.
func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= 0x80
}
