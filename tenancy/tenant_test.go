package tenancy_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestOnlyThreeStatesAreValid(t *testing.T) {
	t.Parallel()
	for _, s := range []tenancy.State{tenancy.Active, tenancy.Suspended, tenancy.Deleted} {
		if !s.Valid() {
			t.Errorf("%q is not valid", s)
		}
	}
	for _, s := range []tenancy.State{"", "Active", "purged", " active"} {
		if s.Valid() {
			t.Errorf("%q is valid", s)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"a", "Acme Inc.", "io.github.acme/weather", "東京", "e\u0301", "a/../b", "100% <b>'--",
		strings.Repeat("a", 256), strings.Repeat("🏢", 256),
	} {
		if err := tenancy.CheckName(name); err != nil {
			t.Errorf("CheckName(%q): %v", name, err)
		}
	}
	for _, name := range []string{
		"", " ", " a", "a ", "a\n", "\u00a0a", "a\u3000", // space at an end
		"a\x00b", "a\tb", "a\r\nb", "a\x7fb", "a\u0085b", "a\x1b[31mb", // control characters
		"a\xff", "\xc0\x80", "\xed\xa0\x80", // invalid UTF-8: stray byte, overlong NUL, surrogate
		strings.Repeat("a", 257), strings.Repeat("🏢", 257),
		// invisible characters
		"a\u202eb", "\u200fa", "a\u2066b", "a\u061cb", // they change the direction
		"a\u200bb", "a\u200db", "a\u2060b", "a\u00adb", "a\u180eb", "\ufeffa", // of no width
		"a\u2028b", "a\u2029b", "a\ufff9b", "a\U000e0041b", // separators, annotations, tags
		"a\ufe0f", "a\u034fb", "a\u115fb", "a\u3164b", "a\uffa0b", // joiners and fillers
		"a\uffffb", "a\ufdd0b", "\U0010ffff", // noncharacters
	} {
		if got := tenancy.CodeOf(tenancy.CheckName(name)); got != tenancy.CodeInvalid {
			t.Errorf("CheckName(%q) has code %q", name, got)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"acme", " acme", "a\x00b", "a\xff", "東京", "\u2028"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if err := tenancy.CheckName(name); err != nil {
			WantCode(t, err, tenancy.CodeInvalid)
			return
		}
		if n := utf8.RuneCountInString(name); n < 1 || n > 256 || !utf8.ValidString(name) {
			t.Errorf("a name of %d characters or of invalid UTF-8 is accepted: %q", n, name)
		}
		if strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
			t.Errorf("a name with a control character or outer space is accepted: %q", name)
		}
	})
}
