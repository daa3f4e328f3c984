package federation

import (
	"bytes"
	"math"
	"strconv"
)

const (
	// maxUncheckedLen is the length up to which a number without exponent needs
	// no check: it has at most 15 digits, which an IEEE double preserves.
	maxUncheckedLen = 15

	// maxExponent caps parsed exponents. No text in memory has enough digits to
	// compensate for an exponent of this size, and sums don't overflow.
	maxExponent = 1 << 50
)

// exactNumber reports whether a JSON number has the same decimal value as the
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
	written := parseDecimal(literal)
	shortest := parseDecimal(strconv.AppendFloat(buf[:0], f, 'e', -1, 64))
	return written.exponent == shortest.exponent && bytes.Equal(written.digits, shortest.digits)
}

// decimal is ±0.DIGITS × 10^exponent, without zeros at either end of the digits.
// Zero has no digits and the exponent 0. The sign is left out: conversion to a
// double and RFC 8785 change only the sign of zero, which has no meaning.
type decimal struct {
	digits   []byte
	exponent int64
}

// parseDecimal parses a JSON number or the output of [strconv.AppendFloat].
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

// parseExponent parses the text after the e. The result is at most maxExponent,
// at least -maxExponent.
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
