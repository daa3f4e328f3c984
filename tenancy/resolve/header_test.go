package resolve_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestHeaderNamesATenant(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
	id := acme.ID.String()
	const unknown, mismatch = "tenant_not_found", "tenant_mismatch"
	for _, c := range []struct {
		name   string
		values []string
		want   string
	}{
		{"a slug", []string{"acme"}, "acme"},
		{"an id", []string{id}, "acme"},
		{"an id in capitals", []string{strings.ToUpper(id)}, "acme"},
		{"a slug in capitals", []string{"Acme"}, unknown},
		{"an id in braces", []string{"{" + id + "}"}, unknown},
		{"a URN", []string{"urn:uuid:" + id}, unknown},
		{"an id without hyphens", []string{strings.ReplaceAll(id, "-", "")}, unknown},
		{"an id with a space", []string{id + " "}, unknown},
		{"a quoted slug", []string{`"acme"`}, unknown},
		{"an encoded slug", []string{"%61cme"}, unknown},
		{"a host", []string{"acme.localhost"}, unknown},
		{"two in a line", []string{"acme,globex"}, unknown},
		{"one twice in a line", []string{"acme, acme"}, unknown},
		{"a comma", []string{","}, unknown},
		{"slug and id in a line", []string{"acme;" + id}, unknown},
		{"one in two lines", []string{"acme", "acme"}, "acme"},
		{"two in two lines", []string{"acme", "globex"}, mismatch},
		{"two spellings of an id", []string{id, strings.ToUpper(id)}, mismatch},
		{"three lines, the last another", []string{"acme", "acme", "globex"}, mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, outcome(t, r, resolve.Sources{Headers: c.values}))
		})
	}
}

func FuzzTenantHeader(f *testing.F) {
	for _, seed := range []string{
		"acme", "ACME", "acme,beta", "", " acme", acme.ID.String(), "{" + acme.ID.String() + "}",
		"urn:uuid:" + acme.ID.String(), "xn--acme", "\u212aey",
	} {
		f.Add(seed, seed, false)
		f.Add(seed, "acme", true)
	}
	r := resolve.New(everySlug{}, resolve.Options{CacheSize: 100})
	f.Fuzz(func(t *testing.T, first, second string, both bool) {
		req := &http.Request{Header: http.Header{}}
		req.Header.Add(resolve.Header, first)
		if both {
			req.Header.Add(resolve.Header, second)
		}
		got, err := r.Resolve(t.Context(), r.FromRequest(req))
		switch code := tenancy.CodeOf(err); {
		case both && first != second:
			if code != tenancy.CodeTenantMismatch {
				t.Fatalf("%q and %q: %q, %v", first, second, got.Slug, err)
			}
		case err != nil:
			if code != tenancy.CodeTenantNotFound {
				t.Fatalf("%q: %v", first, err)
			}
			if _, err := tenancy.ParseSlug(first); err == nil {
				t.Fatalf("the tenant of the slug %q isn't found", first)
			}
		case first != string(got.Slug) && !strings.EqualFold(first, got.ID.String()):
			t.Fatalf("%q names %q", first, got.Slug)
		default:
			for _, name := range []string{string(got.Slug), got.ID.String()} {
				again, err := r.Resolve(t.Context(), resolve.Sources{Headers: []string{name}})
				if err != nil || again.ID != got.ID {
					t.Fatalf("%q resolves to %q, which resolves to %q, %v", first, name,
						again.Slug, err)
				}
			}
		}
	})
}
