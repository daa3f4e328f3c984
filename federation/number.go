package federation

import (
	"bytes"
	"math"
	"strconv"
)

const (
	// maxUncheckedLen is the length below which a number without exponent has at most
	// 15 digits, which an IEEE double always gives back.
	maxUncheckedLen = 15

	// maxExponent is beyond what the digits of any text in memory could make
	// up for, and small enough for sums not to overflow.
	maxExponent = 1 << 50
)

// exactNumber reports whether the decimal value of a JSON number is that of the
// shortest form of its IEEE double, which is the form that RFC 8785 writes.
func exactNumber(literal []byte) bool {
	if len(literal) <= maxUncheckedLen && bytes.IndexByte(literal, 'e') < 0 &&
		bytes.IndexByte(literal, 'E') < 0 {
		return true
	}
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	var buf [32]byte
	written, kept := parseDecimal(literal),
		parseDecimal(strconv.AppendFloat(buf[:0], f, 'e', -1, 64))
	return written.exponent == kept.exponent && bytes.Equal(written.digits, kept.digits)
}

// decimal is ±0.DIGITS times ten to the exponent, without zeros at either end
// of the digits. Zero has no digits and the exponent 0. The sign is left out:
// no double changes it but that of zero, which means nothing.
type decimal struct {
	digits   []byte
	exponent int64
}

// parseDecimal reads a JSON number, or what strconv writes.
func parseDecimal(literal []byte) decimal {
	mantissa, exponent := literal, int64(0)
	if i := bytes.IndexAny(literal, "eE"); i >= 0 {
		mantissa, exponent = literal[:i], parseExponent(literal[i+1:])
	}
	mantissa = bytes.TrimPrefix(mantissa, []byte("-"))
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))

	digits := make([]byte, 0, len(mantissa))
	digits = append(append(digits, whole...), fraction...)
	significant := bytes.TrimLeft(digits, "0")
	exponent += int64(len(whole) - (len(digits) - len(significant)))
	significant = bytes.TrimRight(significant, "0")
	if len(significant) == 0 {
		return decimal{}
	}
	return decimal{significant, exponent}
}

// parseExponent reads what stands behind the e, no further than maxExponent.
func parseExponent(text []byte) int64 {
	negative := bytes.HasPrefix(text, []byte("-"))
	var n int64
	for _, c := range bytes.TrimLeft(text, "+-") {
		n = min(n*10+int64(c-'0'), maxExponent)
	}
	if negative {
		return -n
	}
	return n
}
