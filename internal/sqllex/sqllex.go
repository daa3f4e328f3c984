// Package sqllex splits SQL into tokens, as far as this library must understand statements
// that it didn't write. It splits exactly as PostgreSQL's scanner does with
// standard_conforming_strings on (PostgreSQL manual, "Lexical Structure";
// src/backend/parser/scan.l). Any difference would let an attacker hide a statement in what
// looks like a constant.
package sqllex

import "strings"

// Kind is the kind of a token.
type Kind uint8

// The kinds of tokens.
const (
	Space   Kind = iota
	Comment      // -- … or /* … */
	Word         // a keyword or an unquoted identifier
	Quoted       // "identifier"
	Unicode      // U&"identifier", whose escapes aren't decoded
	Text         // '…', E'…', U&'…', $$…$$
	Other        // one byte of anything else
)

// Next returns the kind and the length in bytes of the first token of s, which must not be
// empty. A token without an end, such as an open constant, extends to the end of s.
func Next(s string) (Kind, int) {
	if c := s[0]; classes[c]&begins != 0 && (len(s) == 1 || s[1] != '\'' && s[1] != '&') {
		return Word, wordLength(s) // the fast path: most tokens are words
	}
	return next(s)
}

func next(s string) (Kind, int) {
	switch c := s[0]; {
	case isSpace(c):
		return Space, spaceLength(s)
	case strings.HasPrefix(s, "--"):
		return Comment, lineLength(s)
	case strings.HasPrefix(s, "/*"):
		return Comment, commentLength(s)
	case c == '\'':
		return Text, quotedLength(s, '\'')
	case c == '"':
		return Quoted, quotedLength(s, '"')
	case (c == 'E' || c == 'e') && strings.HasPrefix(s[1:], "'"):
		return Text, 1 + escapedLength(s[1:])
	case (c == 'U' || c == 'u') && strings.HasPrefix(s[1:], `&"`):
		return Unicode, 2 + quotedLength(s[2:], '"')
	case (c == 'U' || c == 'u') && strings.HasPrefix(s[1:], "&'"):
		return Text, 2 + quotedLength(s[2:], '\'')
	case c == '$':
		if n := dollarLength(s); n > 0 {
			return Text, n
		}
		return Other, 1
	case beginsWord(c):
		return Word, wordLength(s)
	}
	return Other, 1
}

// classes says for each byte what it may be part of.
var classes = classify()

const (
	space  = 1 << iota
	begins // a word
	within // a word
)

func classify() (classes [256]uint8) {
	for i := range classes {
		c := byte(i)
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			classes[c] = space
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80:
			classes[c] = begins | within
		case c >= '0' && c <= '9' || c == '$':
			classes[c] = within
		}
	}
	return classes
}

func isSpace(c byte) bool { return classes[c]&space != 0 }

func beginsWord(c byte) bool { return classes[c]&begins != 0 }

func inWord(c byte) bool { return classes[c]&within != 0 }

func spaceLength(s string) int {
	n := 1
	for n < len(s) && isSpace(s[n]) {
		n++
	}
	return n
}

func wordLength(s string) int {
	n := 1
	for n < len(s) && inWord(s[n]) {
		n++
	}
	return n
}

// lineLength returns the length of a -- comment, without the end of its line.
func lineLength(s string) int {
	if at := strings.IndexAny(s, "\n\r"); at >= 0 {
		return at
	}
	return len(s)
}

// commentLength returns the length of a /* comment, which may contain others.
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

// quotedLength returns the length of a constant or identifier. A doubled quote in it is one
// quote.
func quotedLength(s string, quote byte) int {
	for n := 1; ; n += 2 {
		at := strings.IndexByte(s[n:], quote)
		if at < 0 {
			return len(s)
		}
		n += at
		if n+1 >= len(s) || s[n+1] != quote {
			return n + 1
		}
	}
}

// escapedLength returns the length of what follows the E of an escape constant, in which a
// backslash escapes. Constants that only space with a line break separates are one constant:
// the backslash escapes in its later parts too.
func escapedLength(s string) int {
	n := 0
	for {
		n += escapedPart(s[n:])
		more := continuation(s[n:])
		if more == 0 {
			return n
		}
		n += more
	}
}

func escapedPart(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == '\'':
			return i + 1
		}
	}
	return len(s)
}

// continuation returns the length of the text between two parts of one constant: space and --
// comments, with at least one line break. It is 0 if no other part follows.
func continuation(s string) int {
	n, lines := 0, 0
	for n < len(s) {
		switch {
		case isSpace(s[n]):
			if s[n] == '\n' || s[n] == '\r' {
				lines++
			}
			n++
		case strings.HasPrefix(s[n:], "--"):
			n += lineLength(s[n:])
		case s[n] == '\'' && lines > 0:
			return n
		default:
			return 0
		}
	}
	return 0
}

// dollarLength returns the length of a dollar-quoted constant, 0 if s doesn't begin with one.
func dollarLength(s string) int {
	tag := 1
	for tag < len(s) && s[tag] != '$' {
		if !inWord(s[tag]) || tag == 1 && !beginsWord(s[tag]) {
			return 0
		}
		tag++
	}
	if tag == len(s) {
		return 0
	}
	quote := s[:tag+1]
	at := strings.Index(s[len(quote):], quote)
	if at < 0 {
		return len(s)
	}
	return at + 2*len(quote)
}
