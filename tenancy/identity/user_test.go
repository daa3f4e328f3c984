package identity_test

import (
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func TestParseEmailNormalizesToLowerCase(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"ada@example.com":                 "ada@example.com",
		"Ada.Lovelace@Example.COM":        "ada.lovelace@example.com",
		"ada+registry@xn--bcher-kva.test": "ada+registry@xn--bcher-kva.test",
		"root@localhost":                  "root@localhost",
		"o'hara_{x}@a-b.example":          "o'hara_{x}@a-b.example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + ".test": strings.Repeat("a", 64) +
			"@" + strings.Repeat("b", 63) + ".test",
	} {
		got, err := identity.ParseEmail(address)
		if err != nil || got != want {
			t.Errorf("ParseEmail(%q) = %q, %v; want %q", address, got, err, want)
		}
	}
}

func TestParseEmailRefusesInvalidAddresses(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"empty":                         "",
		"no domain":                     "ada@",
		"no name":                       "@example.com",
		"no at sign":                    "ada.example.com",
		"two at signs":                  "ada@evil.test@example.com",
		"a leading space":               " ada@example.com",
		"a trailing space":              "ada@example.com ",
		"a line end":                    "ada@example.com\n",
		"a header":                      "ada@example.com\r\nBcc: eve@evil.test",
		"a NUL":                         "ada\x00@example.com",
		"a soft hyphen":                 "a\u00adda@example.com",
		"a Cyrillic letter":             "\u0430da@example.com",
		"the Kelvin sign":               "\u212aim@example.com",
		"a full-width letter":           "\uff41da@example.com",
		"a domain in another script":    "ada@b\u00fccher.test",
		"invalid UTF-8":                 "ada\xff@example.com",
		"a quoted name":                 `"ada lovelace"@example.com`,
		"an address literal":            "ada@[127.0.0.1]",
		"a leading dot":                 ".ada@example.com",
		"two dots":                      "ada..l@example.com",
		"a trailing dot":                "ada@example.com.",
		"a label with a leading hyphen": "ada@-example.com",
		"a display name":                "Ada <ada@example.com>",
		"two addresses":                 "ada@example.com,eve@evil.test",
		"a long name":                   strings.Repeat("a", 65) + "@example.com",
		"a long label":                  "ada@" + strings.Repeat("a", 64) + ".com",
		"a long address":                "ada@" + strings.Repeat("a.", 126) + "com",
	} {
		got, err := identity.ParseEmail(address)
		if got != "" || tenancy.CodeOf(err) != tenancy.CodeInvalid {
			t.Errorf("%s: ParseEmail(%q) = %q, %v; want %s", name, address, got, err,
				tenancy.CodeInvalid)
		}
	}
}

// FuzzParseEmail verifies that parsing a normal form doesn't change it, and that a
// normal form has no character that is special in a header, a log or a page.
func FuzzParseEmail(f *testing.F) {
	f.Add("Ada@Example.com")
	f.Add("a@b\r\nTo: c@d")
	f.Fuzz(func(t *testing.T, s string) {
		normal, err := identity.ParseEmail(s)
		if err != nil {
			return
		}
		if again, err := identity.ParseEmail(normal); err != nil || again != normal {
			t.Fatalf("ParseEmail(%q) = %q, %v", normal, again, err)
		}
		if !strings.EqualFold(s, normal) || strings.Count(normal, "@") != 1 {
			t.Fatalf("ParseEmail(%q) = %q", s, normal)
		}
		for _, r := range normal {
			if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r) {
				t.Fatalf("ParseEmail(%q) accepts %q", s, r)
			}
		}
	})
}
