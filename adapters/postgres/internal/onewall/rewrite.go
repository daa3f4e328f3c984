package onewall

import (
	"regexp"
	"strings"
)

// comparison is the filter behind its qualifier: the column, quoted or not, and
// the constant that it is held against, with or without a cast.
var comparison = regexp.MustCompile(`^(tenant_id|"tenant_id")\s*=\s*'[0-9a-fA-F-]{36}'(\s*::\s*uuid)?`)

// unfiltered takes the filter out of a statement. What stands in constants and
// comments is passed over, and so is an assignment, which begins behind SET or a
// comma.
func unfiltered(query string) string {
	var b strings.Builder
	behind := "" // the last token that was neither space, comment nor qualifier
	for at := 0; at < len(query); {
		if found := comparison.FindStringSubmatch(query[at:]); found != nil && !assigns(behind) {
			b.WriteString(found[1] + " IS NOT NULL")
			at += len(found[0])
			behind = "NULL"
			continue
		}
		token := query[at : at+tokenLength(query[at:])]
		b.WriteString(token)
		at += len(token)
		if !isQuiet(token) && !qualifies(query[at:]) {
			behind = token
		}
	}
	return b.String()
}

func assigns(behind string) bool { return behind == "," || strings.EqualFold(behind, "SET") }

// qualifies reports whether what was read last is the alias of a column that
// follows. The dot itself is passed over with it.
func qualifies(rest string) bool { return strings.HasPrefix(rest, ".") }

// isQuiet reports whether a token says nothing: space, a comment, the dot of a
// qualifier.
func isQuiet(token string) bool {
	return strings.TrimSpace(token) == "" || token == "." || strings.HasPrefix(token, "--") || strings.HasPrefix(token, "/*")
}

var (
	space  = regexp.MustCompile(`^\s+`)
	word   = regexp.MustCompile(`^[\pL_][\pL\pN_$]*`)
	dollar = regexp.MustCompile(`^\$([\pL_][\pL\pN_]*)?\$`)
)

// tokenLength is the length of the token that s begins with (PostgreSQL manual,
// "Lexical Structure"). Whatever has no end reaches to the end of s.
func tokenLength(s string) int {
	switch {
	case strings.HasPrefix(s, "--"):
		return upTo(s, "\n", 2)
	case strings.HasPrefix(s, "/*"):
		return commentLength(s)
	case s[0] == '\'':
		return quotedLength(s, false)
	case s[0] == '"':
		return quotedLength(s, false)
	case len(s) > 1 && (s[0] == 'E' || s[0] == 'e') && s[1] == '\'':
		return 1 + quotedLength(s[1:], true)
	}
	if tag := dollar.FindString(s); tag != "" {
		return upTo(s, tag, len(tag))
	}
	if n := len(space.FindString(s)); n > 0 {
		return n
	}
	return max(len(word.FindString(s)), 1)
}

// upTo is the length of s up to and with the end, looked for behind its first
// bytes.
func upTo(s, end string, behind int) int {
	at := strings.Index(s[behind:], end)
	if at < 0 {
		return len(s)
	}
	return behind + at + len(end)
}

// quotedLength measures a constant or a quoted identifier: a doubled quote stays
// within, and so does one behind a backslash where those escape.
func quotedLength(s string, backslash bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case backslash && s[i] == '\\':
			i++
		case s[i] == s[0] && i+1 < len(s) && s[i+1] == s[0]:
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}

// commentLength measures a comment, which may hold others.
func commentLength(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}
