package identity_test

import (
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func TestEmailsHaveOneForm(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"ada@example.com":                 "ada@example.com",
		"Ada.Lovelace@Example.COM":        "ada.lovelace@example.com",
		"ada+registry@xn--bcher-kva.test": "ada+registry@xn--bcher-kva.test",
		"root@localhost":                  "root@localhost",
		"o'hara_{x}@a-b.example":          "o'hara_{x}@a-b.example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + ".test": strings.Repeat("a", 64) +
			"@" + strings.Repeat("b", 63) + ".test",
	} {
		got, err := identity.ParseEmail(given)
		if err != nil || got != want {
			t.Errorf("ParseEmail(%q) = %q, %v; want %q", given, got, err, want)
		}
	}
}

func TestWhatIsNoEmail(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]string{
		"nothing":                  "",
		"no domain":                "ada@",
		"no name":                  "@example.com",
		"no at":                    "ada.example.com",
		"two ats":                  "ada@evil.test@example.com",
		"a space in front":         " ada@example.com",
		"a space behind":           "ada@example.com ",
		"a line end":               "ada@example.com\n",
		"a header":                 "ada@example.com\r\nBcc: eve@evil.test",
		"a NUL":                    "ada\x00@example.com",
		"a soft hyphen":            "a\u00adda@example.com",
		"a Cyrillic letter":        "\u0430da@example.com",
		"the Kelvin sign":          "\u212aim@example.com",
		"a full-width letter":      "\uff41da@example.com",
		"a domain in other script": "ada@b\u00fccher.test",
		"no UTF-8":                 "ada\xff@example.com",
		"a quoted name":            `"ada lovelace"@example.com`,
		"an address literal":       "ada@[127.0.0.1]",
		"a dot in front":           ".ada@example.com",
		"two dots":                 "ada..l@example.com",
		"a dot behind the domain":  "ada@example.com.",
		"a hyphen at a label":      "ada@-example.com",
		"a display name":           "Ada <ada@example.com>",
		"two addresses":            "ada@example.com,eve@evil.test",
		"a long name":              strings.Repeat("a", 65) + "@example.com",
		"a long label":             "ada@" + strings.Repeat("a", 64) + ".com",
		"a long address":           "ada@" + strings.Repeat("a.", 126) + "com",
	} {
		got, err := identity.ParseEmail(given)
		if got != "" || tenancy.CodeOf(err) != tenancy.CodeInvalid {
			t.Errorf("%s: ParseEmail(%q) = %q, %v; want %s", name, given, got, err,
				tenancy.CodeInvalid)
		}
	}
}

// FuzzEmail holds that a normal form is one: it stays what it is, and none of it
// could mean something to a header, a log or a page.
func FuzzEmail(f *testing.F) {
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
				t.Fatalf("ParseEmail(%q) lets %q through", s, r)
			}
		}
	})
}
