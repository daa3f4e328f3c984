package admintest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/walk"
)

// atLeast are the numbers below which a walk has missed something.
type atLeast struct{ pages, links, forms, accepted, mutations int }

// TestMemberSeesOnlyTheirTenant walks all pages as members of A. The canaries of B are
// nowhere, nothing leads to B, and nothing in B has changed.
func TestMemberSeesOnlyTheirTenant(t *testing.T) {
	t.Parallel()
	for _, role := range members() {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			w := multiTenant(t)
			before := w.B.State(t)
			requireClean(t, w, role, enough[role])
			require.Equal(t, before, w.B.State(t), "a member of A changed something in B")
		})
	}
}

func TestMemberSeesTheDefaultTenantWithTenancyOff(t *testing.T) {
	t.Parallel()
	for _, role := range members() {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			least := enough[role]
			least.mutations = 0
			requireClean(t, singleTenant(t), role, least)
		})
	}
}

// members are the roles as which the pages are walked.
func members() []string {
	if !thorough {
		return []string{seed.Viewer}
	}
	return []string{seed.Viewer, seed.Editor, seed.Admin}
}

// enough is somewhat less than what was walked when the pages were made.
var enough = map[string]atLeast{
	seed.Viewer: {pages: 140, links: 3000, forms: 700, accepted: 1, mutations: 700},
	seed.Editor: {pages: 260, links: 7000, forms: 900, accepted: 40, mutations: 2000},
	seed.Admin:  {pages: 400, links: 12_000, forms: 3000, accepted: 50, mutations: 3200},
}

// requireClean walks as a person.
func requireClean(t *testing.T, w *seed.World, person string, least atLeast) {
	t.Helper()
	r := walk.Walk(t.Context(), options(w, person))
	bytes := 0
	for _, p := range r.Pages {
		if p.HTML {
			bytes = max(bytes, p.Bytes)
		}
	}
	t.Logf("%s: %d pages (at most %d bytes), %d links, %d forms sent (%d posts, %d accepted),"+
		" %d requests for what belongs to others, %d requests in all", person, len(r.Pages), bytes,
		r.Links, r.Forms, r.Posts, r.Accepted, r.Mutations, r.Requests)
	for _, refused := range r.Refused {
		t.Logf("%s: refused: %s", person, refused)
	}
	for _, fault := range r.Faults {
		t.Errorf("%s: %s", person, fault)
	}
	require.GreaterOrEqual(t, len(r.Pages), least.pages)
	require.GreaterOrEqual(t, r.Links, least.links)
	require.GreaterOrEqual(t, r.Forms, least.forms)
	require.GreaterOrEqual(t, r.Accepted, least.accepted)
	require.GreaterOrEqual(t, r.Mutations, least.mutations)
}
