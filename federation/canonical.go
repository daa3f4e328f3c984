package federation

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxDepth bounds how deep arrays and objects may stand in each other. Sorting
// the members of an object moves what is below it, so that the depth is a
// factor of the time.
const maxDepth = 100

var canonicalForm = []jsontext.Options{
	jsontext.CanonicalizeRawInts(true),
	jsontext.CanonicalizeRawFloats(true),
	jsontext.ReorderRawObjects(true),
}

// Canonical answers the canonical form (RFC 8785) of one JSON text. Two texts
// that say the same have the same canonical form, byte by byte.
//
// The text must be I-JSON (RFC 7493), though noncharacters like U+FFFE pass:
// duplicate members, trailing data, bad UTF-8 and lone surrogates are
// [tenancy.CodeInvalidJSON], and so are U+0000, which PostgreSQL can't store,
// and more than 100 levels. A number that an IEEE
// double doesn't hold as it is written, like 12345678901234567890, is
// [tenancy.CodeInexactNumber]: it is refused, never rounded. Details say where,
// at most 100 places.
func Canonical(raw []byte) (json.RawMessage, error) {
	text, err := canonical(raw)
	if err != nil {
		return nil, err
	}
	return text, nil
}

// canonical is Canonical, but when inexact numbers are all that is wrong it
// answers, beside the error, the text with them rounded.
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

// scanResult is what scan saw in a text.
type scanResult int

const (
	plain   scanResult = iota // nothing but what canonicalising keeps
	suspect                   // an inexact number or U+0000, if it is JSON at all
	tooDeep                   // deeper than maxDepth
)

// scan looks for what the JSON parser doesn't mind and we do. It is exact for
// valid JSON, and harmless for anything else, which the parser refuses.
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

// skipString answers where the string that begins at i ends, and whether it
// holds U+0000, which JSON can only write as an escape.
func skipString(raw []byte, i int) (end int, null bool) {
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i, null
		case '\\':
			null = null || bytes.HasPrefix(raw[i:], []byte(`\u0000`))
			i++ // what is escaped neither ends the string nor escapes
		}
	}
	return i, null
}

func skipNumber(raw []byte, i int) int {
	for i < len(raw) && strings.IndexByte("+-.0123456789eE", raw[i]) >= 0 {
		i++
	}
	return i
}

// refuseDeep says what is wrong with a text in which scan counted too many
// levels: it has them, or it is no JSON before it does. It is never nil.
func refuseDeep(raw []byte) *tenancy.Error {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		if _, err := d.ReadToken(); err != nil {
			return syntaxError(err)
		}
		if d.StackDepth() > maxDepth {
			return problem(tenancy.CodeInvalidJSON, d.StackPointer(),
				"nested deeper than %d levels", maxDepth)
		}
	}
}

// inspect names the places that made scan suspicious, nil if there are none.
func inspect(raw []byte) *tenancy.Error {
	var found problems
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for len(found) < maxDetails {
		token, err := d.ReadToken()
		if err != nil {
			break // the end, or what AppendFormat reports
		}
		switch token.Kind() {
		case jsontext.KindString:
			if strings.Contains(token.String(), "\x00") {
				found.add(tenancy.CodeInvalidJSON, d.StackPointer(),
					"has the character U+0000: remove it")
			}
		case jsontext.KindNumber:
			if !exactNumber([]byte(token.String())) {
				found.add(tenancy.CodeInexactNumber, d.StackPointer(),
					"a number that an IEEE double can't hold: write it as a string")
			}
		}
	}
	return found.err(tenancy.CodeInvalidJSON)
}
