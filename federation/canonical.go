package federation

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxDepth limits how deeply arrays and objects may be nested. Sorting the
// members of an object moves everything below it, so time grows with depth.
const maxDepth = 100

const nullCharacter = "has the character U+0000: remove it"

var canonicalForm = []jsontext.Options{
	jsontext.CanonicalizeRawInts(true),
	jsontext.CanonicalizeRawFloats(true),
	jsontext.ReorderRawObjects(true),
}

// Canonical returns the canonical form (RFC 8785) of one JSON text. Two texts
// with the same content have the same canonical form, byte by byte.
//
// The text must be I-JSON (RFC 7493), except that noncharacters like U+FFFE are
// accepted. Duplicate members, trailing data, invalid UTF-8, lone surrogates,
// U+0000 (PostgreSQL can't store it) and more than 100 levels of nesting are
// [tenancy.CodeInvalidJSON]. A number whose decimal value an IEEE double doesn't
// preserve, like 12345678901234567890, is [tenancy.CodeInexactNumber]: it is
// refused, never rounded. The error's Details name the places, at most 100.
func Canonical(raw []byte) (json.RawMessage, error) {
	text, err := canonical(raw)
	if err != nil {
		return nil, err
	}
	return text, nil
}

// canonical works like Canonical, except that if inexact numbers are the only
// fault it returns both the error and the text with these numbers rounded.
func canonical(raw []byte) (json.RawMessage, *tenancy.Error) {
	found := scan(raw)
	if found == tooDeep {
		return nil, refuseDeep(raw)
	}
	text, err := jsontext.AppendFormat(make([]byte, 0, len(raw)), raw, canonicalForm...)
	if err != nil {
		return nil, syntaxError(err)
	}
	if found == plain {
		return text, nil
	}
	e := inspect(raw)
	if e != nil && e.Code != tenancy.CodeInexactNumber {
		return nil, e
	}
	return text, e
}

// scanResult is the result of scan.
type scanResult int

const (
	plain   scanResult = iota // canonicalization preserves the text's content
	suspect                   // has an inexact number or U+0000, if it is JSON at all
	tooDeep                   // nested deeper than maxDepth
)

// scan looks for content that the JSON parser accepts and this package refuses.
// It is exact for valid JSON. For other text its result doesn't matter, because
// the parser refuses that text.
func scan(raw []byte) scanResult {
	found, depth := plain, 0
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			end, null := skipString(raw, i+1)
			if null {
				found = suspect
			}
			i = end
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return tooDeep
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || '0' <= c && c <= '9':
			end := skipNumber(raw, i)
			if !exactNumber(raw[i:end]) {
				found = suspect
			}
			i = end - 1
		}
	}
	return found
}

// skipString returns the index of the quote that ends the string whose content
// begins at i, and whether the string contains U+0000, which is always escaped
// in JSON.
func skipString(raw []byte, i int) (end int, null bool) {
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i, null
		case '\\':
			null = null || bytes.HasPrefix(raw[i:], []byte(`\u0000`))
			i++ // an escaped quote doesn't end the string, an escaped backslash doesn't escape
		}
	}
	return i, null
}

// skipNumber returns the index after the number that begins at i.
func skipNumber(raw []byte, i int) int {
	for i < len(raw) && strings.IndexByte("+-.0123456789eE", raw[i]) >= 0 {
		i++
	}
	return i
}

// refuseDeep returns the error for a text in which scan counted too many levels:
// the text is nested too deeply, or it isn't JSON before that. It is never nil.
func refuseDeep(raw []byte) *tenancy.Error {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		if _, err := d.ReadToken(); err != nil {
			return syntaxError(err)
		}
		if d.StackDepth() > maxDepth {
			return problem(tenancy.CodeInvalidJSON, d.StackPointer(),
				"is nested deeper than %d levels", maxDepth)
		}
	}
}

// inspect returns an error that names the inexact numbers and the strings with
// U+0000 of a text, nil if it has none.
func inspect(raw []byte) *tenancy.Error {
	var found problems
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for !found.full() {
		token, err := d.ReadToken()
		if err != nil {
			break // the end of the text, or a syntax error that AppendFormat reports
		}
		switch token.Kind() {
		case jsontext.KindString:
			if strings.Contains(token.String(), "\x00") {
				found.add(tenancy.CodeInvalidJSON, d.StackPointer(), nullCharacter)
			}
		case jsontext.KindNumber:
			if !exactNumber([]byte(token.String())) {
				found.add(tenancy.CodeInexactNumber, d.StackPointer(),
					"is a number that an IEEE double can't hold exactly: write it as a string")
			}
		}
	}
	return found.err(tenancy.CodeInvalidJSON)
}
