package federation_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestCanonicalFollowsRFC8785(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		// The examples of sections 3.2.2 to 3.2.4 of the RFC.
		"numbers, strings and literals": {
			`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
			  "literals": [null, true, false]}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
				`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		},
		"members in the order of UTF-16 units": {
			`{"\u20ac": "Euro Sign", "\r": "Carriage Return",
			  "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
			  "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
			  "\u00f6": "Latin Small Letter O With Diaeresis"}`,
			`{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control",` +
				`"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",` +
				`"😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`,
		},
		"members inside members": {`{"b":{"d":1,"c":2},"a":[{"z":0,"y":0}]}`,
			`{"a":[{"y":0,"z":0}],"b":{"c":2,"d":1}}`},
		"an escaped backslash": {`"\\u0000"`, `"\\u0000"`},
		"surrounding space":    {" \t\r\n1 \n", `1`},
		"the empty name":       {`{"":0}`, `{"":0}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The RFC's example 333333333.33333329 is rounded, which Canonical
			// refuses. The test uses the rounded number instead.
			got, err := federation.Canonical(
				[]byte(strings.ReplaceAll(tt.in, "333333333.33333329", "333333333.3333333")))
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(got))
		})
	}
}

func TestCanonicalKeepsDecimalValueOfNumbers(t *testing.T) {
	t.Parallel()
	kept := map[string]string{
		"0": "0", "-0": "0", "-0.0e5": "0", "0e999999999": "0", "1.0": "1", "1e2": "100",
		"1E+2": "100", "100e-2": "1",
		"0.1": "0.1", "-1.50": "-1.5", "12345678901234567000": "12345678901234567000",
		"9007199254740992": "9007199254740992", "9007199254740993.0e0": "",
		"1e21": "1e+21", "1e-7": "1e-7", "0.000001": "0.000001", "5e-324": "5e-324",
		"1.7976931348623157e308": "1.7976931348623157e+308",
		"12345678901234567890":   "", "1e400": "", "-1e400": "", "1e-400": "", "1e999999999": "",
		"1e-99999999999999999999999": "",
		"0.1000000000000000055":      "", "333333333.33333329": "", "4.9406564584124654e-324": "",
		"9007199254740993":                                 "",
		"1" + strings.Repeat("0", 400):                     "",
		"1" + strings.Repeat("0", 30) + "e-30":             "1",
		"0." + strings.Repeat("0", 30) + "1e31":            "1",
		"0." + strings.Repeat("0", 999) + "1":              "",
		"1." + strings.Repeat("0", 5000):                   "1",
		"1e" + strings.Repeat("0", 5000) + "2":             "100",
		"0.5" + strings.Repeat("0", 5000) + "1":            "",
		"100000000000000000000000000000000000000000000e-9": "1e+35",
	}
	for literal, want := range kept {
		got, err := federation.Canonical([]byte(literal))
		if want == "" {
			assert.Equal(t, tenancy.CodeInexactNumber, tenancy.CodeOf(err), literal)
			continue
		}
		require.NoError(t, err, literal)
		assert.Equal(t, want, string(got), literal)
	}
}

func TestCanonicalKeepsEveryDouble(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return // JSON has no such number
		}
		format := rapid.SampledFrom([]byte{'e', 'f', 'g'}).Draw(t, "format")
		got, err := federation.Canonical(strconv.AppendFloat(nil, f, format, -1, 64))
		require.NoError(t, err)
		back, err := strconv.ParseFloat(string(got), 64)
		require.NoError(t, err)
		require.Equal(t, f, back)
	})
}

func TestCanonicalRefusesNumberWithMoreThan17Digits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// The shortest form of a double has at most 17 digits.
		digits := rapid.StringMatching(`[1-9][0-9]{17,30}[1-9]`).Draw(t, "digits")
		point := rapid.IntRange(1, len(digits)-1).Draw(t, "point")
		_, err := federation.Canonical([]byte(digits[:point] + "." + digits[point:]))
		require.Equal(t, tenancy.CodeInexactNumber, tenancy.CodeOf(err))
	})
}

func TestCanonicalRefusesInvalidText(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	_, err := federation.Canonical([]byte(deep))
	require.NoError(t, err)

	tests := map[string]struct {
		in   string
		code tenancy.Code
		path string
	}{
		"an empty text":             {``, tenancy.CodeInvalidJSON, ""},
		"only space":                {` `, tenancy.CodeInvalidJSON, ""},
		"a truncated text":          {`{"a":`, tenancy.CodeInvalidJSON, ""},
		"two values":                {`{} {}`, tenancy.CodeInvalidJSON, ""},
		"a byte order mark":         {"\xef\xbb\xbf{}", tenancy.CodeInvalidJSON, ""},
		"a trailing comma":          {`[1,]`, tenancy.CodeInvalidJSON, "/1"},
		"a comment":                 {`{} // no`, tenancy.CodeInvalidJSON, ""},
		"NaN":                       {`NaN`, tenancy.CodeInvalidJSON, ""},
		"a leading zero":            {`01`, tenancy.CodeInvalidJSON, ""},
		"a leading plus":            {`+1`, tenancy.CodeInvalidJSON, ""},
		"a duplicate member":        {`{"x":{"a":1,"a":2}}`, tenancy.CodeInvalidJSON, "/x/a"},
		"a duplicate under escapes": {`{"a":1,"\u0061":2}`, tenancy.CodeInvalidJSON, "/a"},
		"bad UTF-8":                 {"{\"a\":\"\xff\"}", tenancy.CodeInvalidJSON, "/a"},
		"a lone surrogate":          {`{"a":"\ud800"}`, tenancy.CodeInvalidJSON, "/a"},
		"swapped surrogates":        {`["\udc00\ud800"]`, tenancy.CodeInvalidJSON, "/0"},
		"a raw control character":   {"[\"\x00\"]", tenancy.CodeInvalidJSON, "/0"},
		"NUL in a string": {`{"a/b":["x\u0000y"]}`, tenancy.CodeInvalidJSON,
			"/a~1b/0"},
		"NUL in a name":         {`{"\u0000":1}`, tenancy.CodeInvalidJSON, "/\x00"},
		"NUL after a backslash": {`["\\\u0000"]`, tenancy.CodeInvalidJSON, "/0"},
		"101 levels": {"[" + deep + "]", tenancy.CodeInvalidJSON,
			strings.Repeat("/0", 100)},
		"100,000 levels": {strings.Repeat("[", 100_000), tenancy.CodeInvalidJSON,
			strings.Repeat("/0", 100)},
		"a letter, then 101 levels": {"x" + strings.Repeat("[", 101), tenancy.CodeInvalidJSON,
			""},
		"no colon, then 101 levels": {`{"a" ` + strings.Repeat("[", 101),
			tenancy.CodeInvalidJSON, "/a"},
		"no quote, then 101 levels": {`"` + strings.Repeat("[", 101), tenancy.CodeInvalidJSON,
			""},
		"a raw line feed, then 101 levels": {`["a` + "\n" + `", ` + strings.Repeat("[", 101),
			tenancy.CodeInvalidJSON, "/0"},
		"101 levels after many faults": {"[" + strings.Repeat("1e400,", 100) +
			strings.Repeat("[", 100), tenancy.CodeInvalidJSON, "/100" + strings.Repeat("/0", 99)},
		"an inexact number": {`{"n":[1,12345678901234567890]}`,
			tenancy.CodeInexactNumber, "/n/1"},
		"a truncated inexact number": {`[12345678901234567890`, tenancy.CodeInvalidJSON, ""},
		"an inexact number, then another": {`12345678901234567890 1`, tenancy.CodeInvalidJSON,
			""},
		"an inexact number and NUL": {`[12345678901234567890,"\u0000"]`, tenancy.CodeInvalidJSON,
			"/0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := federation.Canonical([]byte(tt.in))
			require.Equal(t, tt.code, tenancy.CodeOf(err))
			details := detailsOf(t, err)
			require.NotEmpty(t, details)
			assert.Equal(t, tt.path, details[0].Path)
		})
	}
}

func TestCanonicalNamesAtMost100InexactNumbers(t *testing.T) {
	t.Parallel()
	_, err := federation.Canonical([]byte(`{"a":1e400,"b":[0,1e400]}`))
	details := detailsOf(t, err)
	require.Len(t, details, 2)
	assert.Equal(t, "/a", details[0].Path)
	assert.Equal(t, "/b/1", details[1].Path)

	_, err = federation.Canonical([]byte("[" + strings.Repeat("1e400,", 500) + "1]"))
	assert.Len(t, detailsOf(t, err), 100)
}

func TestErrorIsNotLongerThanItsInput(t *testing.T) {
	t.Parallel()
	in := `{"` + strings.Repeat("k", 100_000) + `":[` + strings.Repeat("1e400,", 200) + `1]}`
	_, err := federation.Canonical([]byte(in))
	answer, jsonErr := json.Marshal(detailsOf(t, err))
	require.NoError(t, jsonErr)
	assert.Less(t, len(answer), 100_000)
}
