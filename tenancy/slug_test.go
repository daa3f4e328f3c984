package tenancy_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// slugForm defines a slug independently of ParseSlug: letters and digits at both
// ends, hyphens between. isSlug checks the third and fourth place.
var slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$`)

func isSlug(s string) bool {
	if len(s) >= 4 && s[2] == '-' && s[3] == '-' {
		return false
	}
	_, err := tenancy.ParseID(s)
	return err != nil && slugForm.MatchString(s) && s != "00000000-0000-0000-0000-000000000000"
}

func TestParseSlugAccepts(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"ab", "a1", "11", "acme", "acme-eu", "a-b", "a--b", "abc--d", "default", "www",
		strings.Repeat("a", 63), strings.Repeat("0123456789abcdef", 2),
	} {
		slug, err := tenancy.ParseSlug(s)
		if err != nil || string(slug) != s {
			t.Errorf("ParseSlug(%q) = %q, %v", s, slug, err)
		}
	}
}

func TestParseSlugRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "a", strings.Repeat("a", 64), // too short, too long
		"-acme", "acme-", "--", "ab--c", "xn--acme", "xn--80ak6aa92e", // hyphens
		// other characters
		"Acme", "ACME", " acme", "acme ", "acme.", "ac.me", "ac_me", "acme\n", "ac\x00me",
		"аcme", "acmé", "\u212aey", "ａｃｍｅ", "ac\xffme", // look-alikes and broken UTF-8
		"' OR 1=1", "../acme", "acme%00", "acme/..", "ac*me",
		text, "00000000-0000-0000-0000-000000000000", // the form of an id
	} {
		slug, err := tenancy.ParseSlug(s)
		WantCode(t, err, tenancy.CodeInvalidSlug)
		if slug != "" {
			t.Errorf("ParseSlug(%q) returned %q with its error", s, slug)
		}
	}
}

func FuzzParseSlug(f *testing.F) {
	for _, s := range []string{"acme", "xn--acme", "a", "-a", "a-", "a.b", "ACME", "default",
		text} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		slug, err := tenancy.ParseSlug(s)
		if accepted := err == nil; accepted != isSlug(s) {
			t.Fatalf("ParseSlug(%q) accepted: %v", s, accepted)
		}
		if err == nil && string(slug) != s {
			t.Fatalf("ParseSlug(%q) changed it to %q", s, slug)
		}
	})
}

func TestReservedSlugsAreSortedAndValid(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(tenancy.ReservedSlugs) {
		t.Error("the reserved slugs aren't sorted, so binary search misses some")
	}
	for _, s := range []tenancy.Slug{"www", "api", "admin", "default", "localhost", "livez",
		"readyz", "metrics", "federation", "public", "null", "none", "undefined", "bailiwick",
		"pg-catalog", "pg-1", "pg-toast"} {
		if !s.Reserved() {
			t.Errorf("%q is not reserved", s)
		}
	}
	for _, s := range tenancy.ReservedSlugs {
		if !s.Reserved() {
			t.Errorf("%q is in the list but not reserved", s)
		}
		if _, err := tenancy.ParseSlug(string(s)); err != nil {
			t.Errorf("%q isn't a valid slug and needs no reservation: %v", s, err)
		}
	}
	for _, s := range []tenancy.Slug{"", "acme", "wwww", "WWW", "www2", "apis", "pg", "pgx", "my-pg-1",
		"nulls", "publics"} {
		if s.Reserved() {
			t.Errorf("%q is reserved", s)
		}
	}
}
