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

func TestCreateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zone := time.FixedZone("far", 3*3600)
	expires := start.Add(time.Hour)
	key, secret, err := w.CreateKey(t.Context(), w.member(tenancy.Admin), "acme", admin.NewKey{
		Name: "ci", Role: tenancy.Replicator, ExpiresAt: expires.Add(time.Nanosecond).In(zone),
	})
	require.NoError(t, err)
	_, err = tenancy.ParseID(key.ID)
	require.NoError(t, err, "an id is a UUID")
	assert.Equal(t, tenancy.APIKey{
		ID: key.ID, Tenant: w.acme.ID, Name: "ci", Role: tenancy.Replicator, CreatedAt: start,
		ExpiresAt: expires,
		Prefix:    secret[:12], CreatedBy: tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "ada"},
	}, key, "without the hash")

	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	found, err := w.ports.KeyFinder.Find(t.Context(), hash)
	require.NoError(t, err)
	assert.Equal(t, key.ID, found.ID)
}

func TestCreateKeyRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
			_, secret, err := w.CreateKey(t.Context(), super, "acme", in)
			wantCode(t, tenancy.CodeInvalid, err)
			wantPath(t, c.path, err)
			assert.Empty(t, secret)
			list, err := w.ListKeys(t.Context(), super, "acme", "", 10)
			require.NoError(t, err)
			assert.Empty(t, list)
		})
	}
}

func TestListKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []tenancy.APIKey
	for i := range 5 {
		key, _ := w.newKey(t, "acme",
			admin.NewKey{Name: fmt.Sprintf("key %d", i), Role: tenancy.Viewer})
		want = append(want, key)
		w.newKey(t, "globex", admin.NewKey{Name: "other", Role: tenancy.Admin})
	}
	slices.SortFunc(want, func(a, b tenancy.APIKey) int { return strings.Compare(a.ID, b.ID) })

	var got []tenancy.APIKey
	after := ""
	for {
		page, err := w.ListKeys(t.Context(), w.member(tenancy.Admin), "acme", after, 2)
		require.NoError(t, err)
		got = append(got, page...)
		if len(page) < 2 {
			break
		}
		after = strings.ToUpper(page[len(page)-1].ID)
	}
	assert.Equal(t, want, got, "acme's keys in order, without hashes")

	_, err := w.ListKeys(t.Context(), super, "acme", "", 0)
	wantCode(t, tenancy.CodeInvalid, err)
	_, err = w.ListKeys(t.Context(), super, "acme", "' OR 1=1", 10)
	wantCode(t, tenancy.CodeInvalidCursor, err)
}

func TestRevokeKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, secret := w.newKey(t, "acme", admin.NewKey{Name: "mine", Role: tenancy.Viewer})
	other, otherSecret := w.newKey(t, "globex", admin.NewKey{Name: "other", Role: tenancy.Viewer})
	by := w.member(tenancy.Admin)

	for _, id := range []string{"", "mine", tenancy.NewID().String(), other.ID, "' OR 1=1"} {
		wantCode(t, tenancy.CodeNotFound, w.RevokeKey(t.Context(), by, "acme", id))
	}
	_, err := w.Authenticate(t.Context(), otherSecret)
	require.NoError(t, err, "another tenant's key is gone")

	require.NoError(t, w.RevokeKey(t.Context(), by, "acme", strings.ToUpper(mine.ID)))
	_, err = w.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
	wantCode(t, tenancy.CodeNotFound, w.RevokeKey(t.Context(), by, "acme", mine.ID))
}

func TestKeysOfADeletedTenantCanBeRevokedBeforeItIsRestored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, secret := w.newKey(t, "acme", admin.NewKey{Name: "leaked", Role: tenancy.Admin})
	_, err := w.DeleteTenant(t.Context(), super, "acme")
	require.NoError(t, err)
	_, err = w.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)

	require.NoError(t, w.RevokeKey(t.Context(), super, "acme", key.ID))
	_, err = w.RestoreTenant(t.Context(), super, "acme")
	require.NoError(t, err)
	_, err = w.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
}
