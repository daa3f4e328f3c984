package admintest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/walk"
)

// TestPagesOfATenantHoldNothingOfAnother walks the pages of A and of B, without a write, as those
// who may see both. What is in B is on no page of A, nor on those of no tenant: of the other
// tenant they have its name and its slug, in the menu and the lists of tenants.
func TestPagesOfATenantHoldNothingOfAnother(t *testing.T) {
	t.Parallel()
	people := []string{seed.Both, seed.SuperAdmin}
	if !thorough {
		people = people[:1]
	}
	for _, person := range people {
		t.Run(person, func(t *testing.T) {
			t.Parallel()
			w := multiTenant(t)
			requireReadable(t, person+" in A", options(w, person))

			o := options(w, person)
			o.Slug, o.Name, o.ID = w.B.Slug, w.B.Name, w.B.ID
			o.Canary = []string{"only-in-a"}
			requireReadable(t, person+" in B", o)
		})
	}
}

// requireReadable walks without a write.
func requireReadable(t *testing.T, who string, o walk.Options) {
	t.Helper()
	o.ReadOnly = true
	r := walk.Walk(t.Context(), o)
	t.Logf("%s: %d pages, %d links, %d forms that ask, %d requests", who, len(r.Pages), r.Links,
		r.Forms, r.Requests)
	for _, fault := range r.Faults {
		t.Errorf("%s: %s", who, fault)
	}
	require.Greater(t, len(r.Pages), 100)
}
