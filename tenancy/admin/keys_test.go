package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

func TestCreateKeyReturnsKeyAndSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	zone := time.FixedZone("far", 3*3600)
	expires := start.Add(time.Hour)
	key, secret, err := f.CreateKey(t.Context(), f.member(tenancy.Admin), "acme", admin.NewKey{
		Name: "ci", Role: tenancy.Replicator, ExpiresAt: expires.Add(time.Nanosecond).In(zone),
	})
	require.NoError(t, err)
	_, err = tenancy.ParseID(key.ID)
	require.NoError(t, err, "an id is a UUID")
	assert.Equal(t, tenancy.APIKey{
		ID: key.ID, Tenant: f.acme.ID, Name: "ci", Role: tenancy.Replicator, CreatedAt: start,
		ExpiresAt: expires,
		Prefix:    secret[:12], CreatedBy: tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "ada"},
	}, key, "without the hash")

	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	found, err := f.ports.KeyFinder.Find(t.Context(), hash)
	require.NoError(t, err)
	assert.Equal(t, key.ID, found.ID)
}

func TestCreateKeyRefusesInvalidFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := admin.NewKey{Name: "ci", Role: tenancy.Viewer}
	for _, c := range []struct {
		name string
		edit func(*admin.NewKey)
		path string
	}{
		{"no name", func(in *admin.NewKey) { in.Name = "" }, "/name"},
		{"a control character", func(in *admin.NewKey) { in.Name = "c\x1bi" }, "/name"},
		{"no role", func(in *admin.NewKey) { in.Role = "" }, "/role"},
		{"another role", func(in *admin.NewKey) { in.Role = "owner" }, "/role"},
		{"expired", func(in *admin.NewKey) { in.ExpiresAt = start.Add(-time.Hour) }, "/expires_at"},
		{"expiring now", func(in *admin.NewKey) { in.ExpiresAt = start }, "/expires_at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := good
			c.edit(&in)
			_, secret, err := f.CreateKey(t.Context(), superAdmin, "acme", in)
			wantCode(t, tenancy.CodeInvalid, err)
			wantPath(t, c.path, err)
			assert.Empty(t, secret)
			list, err := f.ListKeys(t.Context(), superAdmin, "acme", "", 10)
			require.NoError(t, err)
			assert.Empty(t, list)
		})
	}
}

func TestListKeysPagesThroughOneTenantsKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var want []tenancy.APIKey
	for i := range 5 {
		key, _ := f.newKey(t, "acme",
			admin.NewKey{Name: fmt.Sprintf("key %d", i), Role: tenancy.Viewer})
		want = append(want, key)
		f.newKey(t, "globex", admin.NewKey{Name: "other", Role: tenancy.Admin})
	}
	slices.SortFunc(want, func(a, b tenancy.APIKey) int { return strings.Compare(a.ID, b.ID) })

	var got []tenancy.APIKey
	after := ""
	for {
		page, err := f.ListKeys(t.Context(), f.member(tenancy.Admin), "acme", after, 2)
		require.NoError(t, err)
		got = append(got, page...)
		if len(page) < 2 {
			break
		}
		after = strings.ToUpper(page[len(page)-1].ID)
	}
	assert.Equal(t, want, got, "acme's keys in order, without hashes")

	_, err := f.ListKeys(t.Context(), superAdmin, "acme", "", 0)
	wantCode(t, tenancy.CodeInvalid, err)
	_, err = f.ListKeys(t.Context(), superAdmin, "acme", "' OR 1=1", 10)
	wantCode(t, tenancy.CodeInvalidCursor, err)
}

func TestRevokeKeyRevokesOnlyKeysOfTheTenant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	mine, secret := f.newKey(t, "acme", admin.NewKey{Name: "mine", Role: tenancy.Viewer})
	other, otherSecret := f.newKey(t, "globex", admin.NewKey{Name: "other", Role: tenancy.Viewer})
	by := f.member(tenancy.Admin)

	for _, id := range []string{"", "mine", tenancy.NewID().String(), other.ID, "' OR 1=1"} {
		wantCode(t, tenancy.CodeNotFound, f.RevokeKey(t.Context(), by, "acme", id))
	}
	_, err := f.Authenticate(t.Context(), otherSecret)
	require.NoError(t, err, "another tenant's key must stay valid")

	require.NoError(t, f.RevokeKey(t.Context(), by, "acme", strings.ToUpper(mine.ID)))
	_, err = f.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
	wantCode(t, tenancy.CodeNotFound, f.RevokeKey(t.Context(), by, "acme", mine.ID))
}

func TestKeyOfDeletedTenantCanBeRevoked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key, secret := f.newKey(t, "acme", admin.NewKey{Name: "leaked", Role: tenancy.Admin})
	_, err := f.DeleteTenant(t.Context(), superAdmin, "acme")
	require.NoError(t, err)
	_, err = f.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)

	require.NoError(t, f.RevokeKey(t.Context(), superAdmin, "acme", key.ID))
	_, err = f.RestoreTenant(t.Context(), superAdmin, "acme")
	require.NoError(t, err)
	_, err = f.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
}
