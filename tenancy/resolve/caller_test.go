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

// user is a member of tenants.
func user(tenants ...tenancy.Tenant) tenancy.Principal {
	p := tenancy.Principal{Kind: tenancy.UserPrincipal, Roles: map[tenancy.ID]tenancy.Role{}}
	for _, t := range tenants {
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
	anonymous tenancy.Principal
	platform  = tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
)

// outcomeFor is the result of a resolution for a caller.
func outcomeFor(t *testing.T, r *resolve.Resolver, by tenancy.Principal, s resolve.Sources) string {
	t.Helper()
	got, err := r.ResolveFor(t.Context(), by, s)
	if err != nil {
		require.Zero(t, got, "a tenant with an error")
		return string(tenancy.CodeOf(err))
	}
	return string(got.Slug)
}

func TestCallerGetsOnlyTenantsTheyMayKnow(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
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
		{"the caller's key replaces the key in the sources", keyOf(acme),
			resolve.Sources{Key: globex.ID}, "acme"},
		{"a key in the sources is ignored without the caller's key", user(globex),
			resolve.Sources{Key: globex.ID}, none},

		{"own slug, foreign id", user(acme), resolve.Sources{Path: "acme", Headers: id(globex)},
			mismatch},
		{"own slug, unknown id", user(acme),
			resolve.Sources{Path: "acme", Headers: []string{tenancy.NewID().String()}}, mismatch},
		{"foreign slug, own id", user(acme), resolve.Sources{Path: "globex", Headers: id(acme)},
			mismatch},
		{"unknown slug, own id", user(acme), resolve.Sources{Path: "ghost", Headers: id(acme)},
			mismatch},
		{"two own tenants", user(acme, globex), resolve.Sources{Path: "acme", Headers: id(globex)},
			mismatch},
		{"a key and a foreign slug", keyOf(acme), resolve.Sources{Path: "globex"}, mismatch},
		{"a key and an unknown slug", keyOf(acme), resolve.Sources{Path: "ghost"}, mismatch},

		{"the platform", platform, resolve.Sources{Path: "frozen"}, "frozen"},
		{"the platform, two tenants", platform, resolve.Sources{Path: "frozen", Headers: id(acme)},
			mismatch},
		{"an anonymous caller, an active tenant", anonymous, resolve.Sources{Path: "acme"}, "acme"},
		{"an anonymous caller, a suspended tenant", anonymous, resolve.Sources{Path: "frozen"},
			unknown},
		{"an anonymous caller, a suspended tenant by id", anonymous,
			resolve.Sources{Headers: id(suspended)},
			unknown},
		{"a super-admin of no kind, a suspended tenant", tenancy.Principal{SuperAdmin: true},
			resolve.Sources{Path: "frozen"}, unknown},
		{"a user of no kind, a foreign tenant", tenancy.Principal{ID: "u", Roles: user(acme).Roles},
			resolve.Sources{Path: "globex"}, unknown},
		{"a user of no kind, their own", tenancy.Principal{ID: "u", Roles: user(acme).Roles},
			resolve.Sources{Path: "acme"}, "acme"},
		{"a user of no kind without memberships", tenancy.Principal{ID: "u"},
			resolve.Sources{Path: "acme"}, unknown},
		{"a user of no kind with empty roles", tenancy.Principal{Roles: user().Roles},
			resolve.Sources{Path: "acme"}, unknown},
		{"a super-admin of no kind, an active tenant", tenancy.Principal{SuperAdmin: true},
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

// nonMembers are callers who aren't members of the tenants that they name.
var nonMembers = map[string]tenancy.Principal{"a user without memberships": user(),
	"a user of globex": user(globex), "a key of globex": keyOf(globex)}

// sourcesNaming returns the ways to name a tenant by a slug, an id, or both.
func sourcesNaming(slug, id string) map[string]resolve.Sources {
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

// The test compares the errors for a foreign tenant in each state with the error
// for an unknown name.
func TestNonMembersGetTheSameErrorForEveryTenant(t *testing.T) {
	t.Parallel()
	for who, by := range nonMembers {
		for kind, want := range sourcesNaming("ghost", tenancy.NewID().String()) {
			t.Run(who+", "+kind, func(t *testing.T) {
				t.Parallel()
				r := resolve.New(allTenants(), resolve.Options{})
				_, unknown := r.ResolveFor(t.Context(), by, want)
				require.Error(t, unknown)
				for _, foreign := range []tenancy.Tenant{acme, suspended, deleted} {
					s := sourcesNaming(string(foreign.Slug), foreign.ID.String())[kind]
					_, err := r.ResolveFor(t.Context(), by, s)
					assert.Same(t, unknown, err, "the error reveals %s", foreign.Slug)
				}
			})
		}
	}
}

func TestAnonymousCallerGetsTheSameErrorForEveryInactiveTenant(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
	for kind, want := range sourcesNaming("ghost", tenancy.NewID().String()) {
		_, unknown := r.ResolveFor(t.Context(), anonymous, want)
		require.Error(t, unknown)
		for _, hidden := range []tenancy.Tenant{suspended, deleted} {
			_, err := r.ResolveFor(t.Context(), anonymous,
				sourcesNaming(string(hidden.Slug), hidden.ID.String())[kind])
			assert.Same(t, unknown, err, "%s: the error reveals %s", kind, hidden.Slug)
		}
	}
}

// The test counts the loads, which take the time: with cold and warm caches, and
// after each TTL. Meanwhile members look up the tenant too: what they leave in the
// caches must not change the number of loads.
func TestForeignTenantCostsTheSameLoadsAsAnUnknownName(t *testing.T) {
	t.Parallel()
	for who, by := range nonMembers {
		for kind := range sourcesNaming("", "") {
			t.Run(who+", "+kind, func(t *testing.T) {
				t.Parallel()
				want := countLoads(t, by, tenant("ghost", ""), kind)
				for _, foreign := range []tenancy.Tenant{acme, suspended, deleted} {
					assert.Equal(t, want, countLoads(t, by, foreign, kind),
						"%s costs another number of loads than an unknown name", foreign.Slug)
				}
			})
		}
	}
}

// The test counts the loads of an anonymous caller who names a tenant in two ways,
// one after the other.
func TestInactiveTenantCostsAnonymousCallersTheSameLoadsAsAnUnknownName(t *testing.T) {
	t.Parallel()
	for first := range sourcesNaming("", "") {
		for second := range sourcesNaming("", "") {
			t.Run(first+", then "+second, func(t *testing.T) {
				t.Parallel()
				want := countLoads(t, anonymous, tenant("ghost", ""), first, second)
				for _, hidden := range []tenancy.Tenant{suspended, deleted} {
					assert.Equal(t, want, countLoads(t, anonymous, hidden, first, second),
						"%s costs another number of loads than an unknown name", hidden.Slug)
				}
			})
		}
	}
}

// countLoads returns the number of loads of each of several requests of by that
// name target. The pauses between them are long enough for each TTL to end. If
// target exists, insiders look it up before each request.
func countLoads(
	t *testing.T, by tenancy.Principal, target tenancy.Tenant, kinds ...string,
) (counts []int) {
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		r := resolve.New(store, resolve.Options{})
		for _, pause := range []time.Duration{0, 0, time.Second, 2 * time.Second, 5 * time.Second,
			21 * time.Second, 30 * time.Second} {
			time.Sleep(pause)
			for _, kind := range kinds {
				if target.State != "" {
					lookUpAsInsiders(t, r, target)
				}
				before := store.loads()
				_, err := r.ResolveFor(t.Context(), by,
					sourcesNaming(string(target.Slug), target.ID.String())[kind])
				require.Error(t, err)
				counts = append(counts, store.loads()-before)
			}
		}
	})
	return counts
}

// lookUpAsInsiders looks up a tenant as a member, as a super-admin, and as the
// program itself.
func lookUpAsInsiders(t *testing.T, r *resolve.Resolver, of tenancy.Tenant) {
	t.Helper()
	for _, s := range []resolve.Sources{{Path: string(of.Slug)}, {Path: of.ID.String()}} {
		_, _ = r.ResolveFor(t.Context(), user(of), s)
		_, _ = r.ResolveFor(t.Context(), platform, s)
		_, _ = r.Resolve(t.Context(), s)
	}
}

// A foreign name costs no load, so a store that fails for all other tenants goes
// unnoticed.
func TestOnlyTenantsOfTheCallerAreLookedUp(t *testing.T) {
	t.Parallel()
	for who, by := range nonMembers {
		for kind, s := range sourcesNaming(string(acme.Slug), acme.ID.String()) {
			r := resolve.New(ownOnly{allTenants(), by}, resolve.Options{})
			_, err := r.ResolveFor(t.Context(), by, s)
			assert.NotEqual(t, tenancy.CodeInternal, tenancy.CodeOf(err), "%s, %s: %v", who, kind,
				err)
		}
	}
}

// ownOnly returns the tenants of one caller and fails for all others.
type ownOnly struct {
	*fakeStore
	by tenancy.Principal
}

func (o ownOnly) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if !o.by.MemberOf(id) {
		return tenancy.Tenant{}, errors.New("a foreign tenant was looked up by its id")
	}
	return o.fakeStore.Get(ctx, id)
}

func (o ownOnly) BySlug(context.Context, tenancy.Slug) (tenancy.Tenant, error) {
	return tenancy.Tenant{}, errors.New("a tenant was looked up by its slug")
}
