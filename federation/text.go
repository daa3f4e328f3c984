package federation

import (
	"cmp"
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// appendString appends s as a JSON string in the form of RFC 8785. Bytes that
// aren't UTF-8 become U+FFFD; items with such text are refused before.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func quoted(s string) json.RawMessage { return appendString(nil, s) }

// compareUTF16 orders by UTF-16 code units, which is the order that RFC 8785
// requires for the members of an object. It equals the order of UTF-8 bytes,
// except that U+E000 to U+FFFF sort after characters that need surrogates.
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

// compareRunes orders two different characters by their UTF-16 code units.
func compareRunes(x, y rune) int {
	if utf16.RuneLen(x) == utf16.RuneLen(y) {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(firstUnit(x), firstUnit(y))
}

// firstUnit returns the first UTF-16 code unit of r.
// firstUnit returns the first UTF-16 code unit of r.
func firstUnit(r rune) rune {
	if high, _ := utf16.EncodeRune(r); utf16.RuneLen(r) == 2 {
		return high
	}
	return r
}
