package resolve_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// user is a caller with places in tenants.
func user(places ...tenancy.Tenant) tenancy.Principal {
	p := tenancy.Principal{Kind: tenancy.UserPrincipal, Roles: map[tenancy.ID]tenancy.Role{}}
	for _, t := range places {
		p.Roles[t.ID] = tenancy.Viewer
	}
	return p
}

// keyOf is a caller with an API key of a tenant.
func keyOf(t tenancy.Tenant) tenancy.Principal {
	p := user(t)
	p.Kind, p.KeyTenant = tenancy.KeyPrincipal, t.ID
	return p
}

var (
	nobody   tenancy.Principal
	platform = tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
)

// outcomeFor is what a resolution for a caller came to.
func outcomeFor(t *testing.T, r *resolve.Resolver, by tenancy.Principal, s resolve.Sources) string {
	t.Helper()
	got, err := r.ResolveFor(t.Context(), by, s)
	if err != nil {
		require.Zero(t, got, "a tenant beside an error")
		return string(tenancy.CodeOf(err))
	}
	return string(got.Slug)
}

func TestACallerIsAnsweredWhatTheyMayKnow(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(), resolve.Options{})
	const none, mismatch, unknown = "tenant_required", "tenant_mismatch", "tenant_not_found"
	id := func(t tenancy.Tenant) []string { return []string{t.ID.String()} }
	for _, c := range []struct {
		name    string
		by      tenancy.Principal
		sources resolve.Sources
		want    string
	}{
		{"a member", user(acme, globex), resolve.Sources{Host: "acme.localhost"}, "acme"},
		{"a member by slug and id", user(acme),
			resolve.Sources{Host: "acme.localhost", Headers: id(acme)}, "acme"},
		{"a member of a suspended tenant", user(suspended), resolve.Sources{Path: "frozen"},
			"frozen"},
		{"a member of a deleted tenant", user(deleted), resolve.Sources{Path: "gone"}, unknown},
		{"a member of a deleted tenant, by id", user(deleted),
			resolve.Sources{Headers: id(deleted)}, unknown},
		{"a user who names nothing", user(acme), resolve.Sources{}, none},
		{"a key that names nothing", keyOf(acme), resolve.Sources{}, "acme"},
		{"a key counts, whatever the sources say of one", keyOf(acme),
			resolve.Sources{Key: globex.ID}, "acme"},
		{"no key counts, whatever the sources say of one", user(globex),
			resolve.Sources{Key: globex.ID}, none},

		{"own slug, foreign id", user(acme), resolve.Sources{Path: "acme", Headers: id(globex)},
			mismatch},
		{"own slug, unknown id", user(acme),
			resolve.Sources{Path: "acme", Headers: []string{tenancy.NewID().String()}}, mismatch},
		{"foreign slug, own id", user(acme), resolve.Sources{Path: "globex", Headers: id(acme)},
			mismatch},
		{"unknown slug, own id", user(acme), resolve.Sources{Path: "ghost", Headers: id(acme)},
			mismatch},
		{"two of one's own", user(acme, globex), resolve.Sources{Path: "acme", Headers: id(globex)},
			mismatch},
		{"a key elsewhere", keyOf(acme), resolve.Sources{Path: "globex"}, mismatch},
		{"a key nowhere", keyOf(acme), resolve.Sources{Path: "ghost"}, mismatch},

		{"the platform", platform, resolve.Sources{Path: "frozen"}, "frozen"},
		{"the platform, two tenants", platform, resolve.Sources{Path: "frozen", Headers: id(acme)},
			mismatch},
		{"nobody, an active tenant", nobody, resolve.Sources{Path: "acme"}, "acme"},
		{"nobody, a suspended tenant", nobody, resolve.Sources{Path: "frozen"}, unknown},
		{"nobody, a suspended tenant by id", nobody, resolve.Sources{Headers: id(suspended)},
			unknown},
		{"nobody with a claim to be a super-admin", tenancy.Principal{SuperAdmin: true},
			resolve.Sources{Path: "frozen"}, unknown},
		{"a user of no kind, a foreign tenant", tenancy.Principal{ID: "u", Roles: user(acme).Roles},
			resolve.Sources{Path: "globex"}, unknown},
		{"a user of no kind, their own", tenancy.Principal{ID: "u", Roles: user(acme).Roles},
			resolve.Sources{Path: "acme"}, "acme"},
		{"a user of no kind without places", tenancy.Principal{ID: "u"},
			resolve.Sources{Path: "acme"}, unknown},
		{"a user of no kind who lost their places", tenancy.Principal{Roles: user().Roles},
			resolve.Sources{Path: "acme"}, unknown},
		{"a super-admin of no kind", tenancy.Principal{SuperAdmin: true},
			resolve.Sources{Path: "acme"}, unknown},
		{"a super-admin's key", tenancy.Principal{Kind: tenancy.KeyPrincipal, SuperAdmin: true,
			KeyTenant: acme.ID}, resolve.Sources{Path: "globex"}, mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, outcomeFor(t, r, c.by, c.sources))
		})
	}
}

// strangers are callers with no place in the tenants that they name.
var strangers = map[string]tenancy.Principal{"a user without places": user(),
	"a user of globex": user(globex), "a key of globex": keyOf(globex)}

// disguises are the ways to name a tenant by a slug, an id, or both.
func disguises(slug, id string) map[string]resolve.Sources {
	return map[string]resolve.Sources{
		"host":              {Host: slug + ".localhost"},
		"header by slug":    {Headers: []string{slug}},
		"header by id":      {Headers: []string{id}},
		"path by slug":      {Path: slug},
		"path by id":        {Path: id},
		"slug and id":       {Host: slug + ".localhost", Headers: []string{id}},
		"id and slug":       {Headers: []string{slug}, Path: id},
		"slug, slug and id": {Host: slug + ".localhost", Headers: []string{slug}, Path: id},
		"slug and own id":   {Host: slug + ".localhost", Headers: []string{globex.ID.String()}},
		"id and own slug":   {Headers: []string{id}, Path: "globex"},
		"slug and own slug": {Headers: []string{slug}, Path: "globex"},
		"slug and stray id": {Headers: []string{slug},
			Path: "0190aaaa-0000-7000-8000-00000000cccc"},
		"id and stray slug":  {Headers: []string{id}, Path: "stray"},
		"id and broken slug": {Headers: []string{id}, Path: "not a slug"},
	}
}

// TestStrangersAreToldTheSameOfEveryTenant compares what they get for a foreign
// tenant in each state with what they get for none.
func TestStrangersAreToldTheSameOfEveryTenant(t *testing.T) {
	t.Parallel()
	for who, by := range strangers {
		for kind, want := range disguises("ghost", tenancy.NewID().String()) {
			t.Run(who+", "+kind, func(t *testing.T) {
				t.Parallel()
				r := resolve.New(everyone(), resolve.Options{})
				_, unknown := r.ResolveFor(t.Context(), by, want)
				require.Error(t, unknown)
				for _, foreign := range []tenancy.Tenant{acme, suspended, deleted} {
					s := disguises(string(foreign.Slug), foreign.ID.String())[kind]
					_, err := r.ResolveFor(t.Context(), by, s)
					assert.Same(t, unknown, err, "%s is told from none", foreign.Slug)
				}
			})
		}
	}
}

func TestNobodyIsToldTheSameOfEveryTenantThatIsNotActive(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(), resolve.Options{})
	for kind, want := range disguises("ghost", tenancy.NewID().String()) {
		_, unknown := r.ResolveFor(t.Context(), nobody, want)
		require.Error(t, unknown)
		for _, hidden := range []tenancy.Tenant{suspended, deleted} {
			_, err := r.ResolveFor(t.Context(), nobody,
				disguises(string(hidden.Slug), hidden.ID.String())[kind])
			assert.Same(t, unknown, err, "%s: %s is told from none", kind, hidden.Slug)
		}
	}
}

// TestAForeignTenantCostsWhatNoneDoes counts what the store is asked, which is
// what takes time: cold, warm, and after each lifetime in the caches. While the
// tenant's own members use it, too: what they leave in the caches must not
// show.
func TestAForeignTenantCostsWhatNoneDoes(t *testing.T) {
	t.Parallel()
	for who, by := range strangers {
		for kind := range disguises("", "") {
			t.Run(who+", "+kind, func(t *testing.T) {
				t.Parallel()
				want := costs(t, by, tenant("ghost", ""), kind)
				for _, foreign := range []tenancy.Tenant{acme, suspended, deleted} {
					assert.Equal(t, want, costs(t, by, foreign, kind),
						"%s costs another number of questions", foreign.Slug)
				}
			})
		}
	}
}

// TestATenantThatIsNotActiveCostsNobodyWhatNoneDoes counts the same of nobody,
// who may name a tenant in two ways one after the other.
func TestATenantThatIsNotActiveCostsNobodyWhatNoneDoes(t *testing.T) {
	t.Parallel()
	for first := range disguises("", "") {
		for second := range disguises("", "") {
			t.Run(first+", then "+second, func(t *testing.T) {
				t.Parallel()
				want := costs(t, nobody, tenant("ghost", ""), first, second)
				for _, hidden := range []tenancy.Tenant{suspended, deleted} {
					assert.Equal(t, want, costs(t, nobody, hidden, first, second),
						"%s costs another number of questions than none", hidden.Slug)
				}
			})
		}
	}
}

// costs is how many questions the store gets for each of several requests of by
// that name target, over the time in which what they bring is forgotten. Those
// who know of target, unless it is none, ask before each of them.
func costs(
	t *testing.T, by tenancy.Principal, target tenancy.Tenant, kinds ...string,
) (asked []int) {
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		r := resolve.New(w, resolve.Options{})
		for _, pause := range []time.Duration{0, 0, time.Second, 2 * time.Second, 5 * time.Second,
			21 * time.Second, 30 * time.Second} {
			time.Sleep(pause)
			for _, kind := range kinds {
				if target.State != "" {
					insiders(t, r, target)
				}
				before := w.questions()
				_, err := r.ResolveFor(t.Context(), by,
					disguises(string(target.Slug), target.ID.String())[kind])
				require.Error(t, err)
				asked = append(asked, w.questions()-before)
			}
		}
	})
	return asked
}

// insiders are a member of a tenant, a super-admin, and the program itself at
// work.
func insiders(t *testing.T, r *resolve.Resolver, of tenancy.Tenant) {
	t.Helper()
	for _, s := range []resolve.Sources{{Path: string(of.Slug)}, {Path: of.ID.String()}} {
		_, _ = r.ResolveFor(t.Context(), user(of), s)
		_, _ = r.ResolveFor(t.Context(), platform, s)
		_, _ = r.Resolve(t.Context(), s)
	}
}

// TestOnlyOwnTenantsAreLookedUp is why a foreign name costs nothing: a store
// that fails for all other tenants isn't noticed.
func TestOnlyOwnTenantsAreLookedUp(t *testing.T) {
	t.Parallel()
	for who, by := range strangers {
		for kind, s := range disguises(string(acme.Slug), acme.ID.String()) {
			r := resolve.New(ownOnly{everyone(), by}, resolve.Options{})
			_, err := r.ResolveFor(t.Context(), by, s)
			assert.NotEqual(t, tenancy.CodeInternal, tenancy.CodeOf(err), "%s, %s: %v", who, kind,
				err)
		}
	}
}

// ownOnly answers about the tenants of one caller, and fails for others.
type ownOnly struct {
	*world
	by tenancy.Principal
}

func (o ownOnly) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if !o.by.MemberOf(id) {
		return tenancy.Tenant{}, errors.New("a foreign tenant was looked up by its id")
	}
	return o.world.Get(ctx, id)
}

func (o ownOnly) BySlug(context.Context, tenancy.Slug) (tenancy.Tenant, error) {
	return tenancy.Tenant{}, errors.New("a tenant was looked up by its slug")
}
