package admin_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// The members are more than a search reads at a time, and those found stand on several of its
// reads.
func TestMembersAreSearchedByNameAndAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var want []string
	for i := range 2100 {
		u := identity.User{ID: tenancy.NewID().String(), Email: fmt.Sprintf("m%d@example.com", i),
			Name: "Member"}
		if i%300 == 0 {
			u.Name = "Grace Hopper"
			want = append(want, u.ID)
		}
		stored, err := f.ports.Users.Create(t.Context(), u, "")
		require.NoError(t, err)
		_, _, err = f.ports.Members.Put(t.Context(), f.acme.ID, stored.ID, tenancy.Viewer)
		require.NoError(t, err)
	}
	stranger, _ := f.user(t, "hopper@example.com")
	_, _, err := f.PutMember(t.Context(), superAdmin, "globex", stranger.ID, tenancy.Admin)
	require.NoError(t, err)
	slices.Sort(want)

	search := func(q admin.UserList) (ids []string) {
		found, err := f.ListMembers(t.Context(), f.key(f.acme, tenancy.Admin), "acme", q)
		require.NoError(t, err)
		for _, m := range found {
			ids = append(ids, m.User)
		}
		return ids
	}
	assert.Equal(t, want, search(admin.UserList{Search: "HOPPER", Limit: 100}))
	assert.Equal(t, want[:3], search(admin.UserList{Search: "hopper", Limit: 3}))
	assert.Equal(t, want[3:], search(admin.UserList{Search: "hopper", After: want[2], Limit: 100}))
	assert.Len(t, search(admin.UserList{Search: "m2099@", Limit: 100}), 1)
	assert.Empty(t, search(admin.UserList{Search: "hopper@", Limit: 100}), "another tenant's member")
}
