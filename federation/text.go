package federation

import (
	"cmp"
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// appendString appends s as RFC 8785 writes strings. Bytes that aren't UTF-8
// become U+FFFD; whoever seals an item has refused them before.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func quoted(s string) json.RawMessage { return appendString(nil, s) }

// compareUTF16 orders by UTF-16 code units, as RFC 8785 sorts the members of an
// object. That is the order of the bytes in UTF-8, except that U+E000 to U+FFFF
// come behind what UTF-16 writes with surrogates.
func compareUTF16(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			return compareRunes(x, y)
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

func compareRunes(x, y rune) int {
	if utf16.RuneLen(x) == utf16.RuneLen(y) {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(firstUnit(x), firstUnit(y))
}

func firstUnit(r rune) rune {
	if high, _ := utf16.EncodeRune(r); utf16.RuneLen(r) == 2 {
		return high
	}
	return r
}
