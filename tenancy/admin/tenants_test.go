package admin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

func TestCreateTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got, err := w.CreateTenant(t.Context(), super, admin.NewTenant{
		Slug: "initech", Name: "Initech Ltd.", Settings: json.RawMessage(`{"b": 1, "a": {}}`),
	})
	require.NoError(t, err)
	assert.False(t, got.ID.IsZero())
	assert.Equal(t, tenancy.Tenant{
		ID: got.ID, Slug: "initech", Name: "Initech Ltd.", State: tenancy.Active,
		Settings: json.RawMessage(`{"a":{},"b":1}`), Version: 1, CreatedAt: start, UpdatedAt: start,
	}, got)
	assert.Equal(t, got, w.stored(t, got.ID))
	assert.JSONEq(t, `{}`, string(w.acme.Settings), "no settings are {}")
}

func TestCreateTenantIsForSuperAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.CreateTenant(t.Context(), w.member(tenancy.Admin),
		admin.NewTenant{Slug: "mine", Name: "Mine"})
	assert.Same(t, tenancy.ErrForbidden, err)
	_, err = w.GetTenant(t.Context(), super, "mine")
	wantCode(t, tenancy.CodeTenantNotFound, err)
}

func TestCreateTenantRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := admin.NewTenant{Slug: "initech", Name: "Initech"}
	for _, c := range []struct {
		name string
		edit func(*admin.NewTenant)
		code tenancy.Code
		path string
	}{
		{"no slug", func(in *admin.NewTenant) { in.Slug = "" }, tenancy.CodeInvalidSlug, "/slug"},
		{"a slug in capitals", func(in *admin.NewTenant) { in.Slug = "Initech" },
			tenancy.CodeInvalidSlug, "/slug"},
		{"the id of a tenant", func(in *admin.NewTenant) { in.Slug = w.acme.ID.String() },
			tenancy.CodeInvalidSlug, "/slug"},
		{"a reserved slug", func(in *admin.NewTenant) { in.Slug = "www" }, tenancy.CodeSlugReserved,
			"/slug"},
		{"the default slug", func(in *admin.NewTenant) { in.Slug = "default" },
			tenancy.CodeSlugReserved, "/slug"},
		{"a taken slug", func(in *admin.NewTenant) { in.Slug = "acme" }, tenancy.CodeSlugTaken, ""},
		{"a slug of a deleted tenant", func(in *admin.NewTenant) { in.Slug = "gone" },
			tenancy.CodeSlugTaken, ""},
		{"no name", func(in *admin.NewTenant) { in.Name = "" }, tenancy.CodeInvalid, "/name"},
		{"a long name", func(in *admin.NewTenant) { in.Name = strings.Repeat("x", 257) },
			tenancy.CodeInvalid, "/name"},
		{"settings null", settings(`null`), tenancy.CodeInvalid, "/settings"},
		{"settings a list", settings(`[]`), tenancy.CodeInvalid, "/settings"},
		{"settings a text", settings(`"{}"`), tenancy.CodeInvalid, "/settings"},
		{"settings cut off", settings(`{"a":`), tenancy.CodeInvalidJSON, ""},
		{"settings doubled", settings(`{"a":1,"a":2}`), tenancy.CodeInvalidJSON, "/settings/a"},
		{"settings and more", settings(`{} {}`), tenancy.CodeInvalidJSON, ""},
		{"a NUL in settings", settings(`{"a":"\u0000"}`), tenancy.CodeInvalidJSON, "/settings/a"},
		{"a big number in settings", settings(`{"a":[12345678901234567890]}`),
			tenancy.CodeInexactNumber, "/settings/a/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := good
			c.edit(&in)
			got, err := w.CreateTenant(t.Context(), super, in)
			wantCode(t, c.code, err)
			assert.Zero(t, got)
			if c.path != "" {
				wantPath(t, c.path, err)
			}
			_, err = w.GetTenant(t.Context(), super, "initech")
			wantCode(t, tenancy.CodeTenantNotFound, err)
		})
	}
}

func settings(text string) func(*admin.NewTenant) {
	return func(in *admin.NewTenant) { in.Settings = json.RawMessage(text) }
}

func slugs(list []tenancy.Tenant) []string {
	all := []string{}
	for _, t := range list {
		all = append(all, string(t.Slug))
	}
	return all
}

func TestListTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	member, stranger := w.member(tenancy.Viewer), tenancy.Principal{Kind: tenancy.UserPrincipal}
	for _, c := range []struct {
		name  string
		by    tenancy.Principal
		state tenancy.State
		want  []string
	}{
		{"a super-admin sees all", super, "",
			[]string{"acme", "default", "frozen", "globex", "gone"}},
		{"a super-admin sees the active", super, tenancy.Active,
			[]string{"acme", "default", "globex"}},
		{"a super-admin sees the deleted", super, tenancy.Deleted, []string{"gone"}},
		{"a member sees its own", member, "", []string{"acme", "frozen"}},
		{"a member sees its suspended", member, tenancy.Suspended, []string{"frozen"}},
		{"a member sees no deleted", member, tenancy.Deleted, []string{}},
		{"who belongs nowhere sees none", stranger, "", []string{}},
		{"who belongs nowhere sees no active", stranger, tenancy.Active, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := w.ListTenants(t.Context(), c.by,
				admin.TenantList{State: c.state, Limit: 100})
			require.NoError(t, err)
			assert.Equal(t, c.want, slugs(got))
		})
	}
}

func TestPagesAreShortOnlyAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := tenancy.Principal{Kind: tenancy.UserPrincipal, Roles: map[tenancy.ID]tenancy.Role{}}
	var want []string
	for i := range 20 {
		made, err := w.CreateTenant(t.Context(), super,
			admin.NewTenant{Slug: fmt.Sprintf("t%02d", i), Name: "T"})
		require.NoError(t, err)
		by.Roles[made.ID] = tenancy.Viewer
		if i%10 < 7 { // three of ten in a row are deleted
			want = append(want, string(made.Slug))
			continue
		}
		_, err = w.DeleteTenant(t.Context(), super, string(made.Slug))
		require.NoError(t, err)
	}
	for _, limit := range []int{1, 2, 3, 5, 14, 100} {
		var got []string
		after := tenancy.Slug("")
		for {
			page, err := w.ListTenants(t.Context(), by,
				admin.TenantList{After: after, Limit: limit})
			require.NoError(t, err)
			got = append(got, slugs(page)...)
			if len(page) < limit {
				break
			}
			after = page[len(page)-1].Slug
		}
		assert.Equal(t, want, got, "limit %d", limit)
	}
}

func TestListTenantsRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, l := range []admin.TenantList{{}, {Limit: -1}, {Limit: 1, State: "purged"}} {
		for _, by := range []tenancy.Principal{super, w.member(tenancy.Viewer)} {
			_, err := w.ListTenants(t.Context(), by, l)
			wantCode(t, tenancy.CodeInvalid, err)
		}
	}
}

func TestDeleteAndRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	*w.clock = start.Add(time.Hour + time.Nanosecond)
	deleted, err := w.DeleteTenant(t.Context(), super, "acme")
	require.NoError(t, err)
	assert.Equal(t, tenancy.Deleted, deleted.State)
	assert.Equal(t, start.Add(time.Hour), deleted.DeletedAt, "in microseconds")
	assert.Equal(t, int64(2), deleted.Version)

	_, err = w.DeleteTenant(t.Context(), super, "acme")
	assert.Same(t, tenancy.ErrTenantNotFound, err)
	name := "New"
	_, err = w.UpdateTenant(t.Context(), super, "acme", admin.TenantChange{Name: &name}, 0)
	wantCode(t, tenancy.CodeInvalidState, err)
	_, err = w.UpdateTenant(t.Context(), super, "acme", admin.TenantChange{State: tenancy.Active},
		0)
	wantCode(t, tenancy.CodeInvalidState, err)
	_, _, err = w.CreateKey(t.Context(), super, "acme",
		admin.NewKey{Name: "ci", Role: tenancy.Viewer})
	wantCode(t, tenancy.CodeInvalidState, err)
	assert.Equal(t, deleted, w.stored(t, w.acme.ID))

	restored, err := w.RestoreTenant(t.Context(), super, w.acme.ID.String())
	require.NoError(t, err)
	assert.Equal(t, tenancy.Active, restored.State)
	assert.True(t, restored.DeletedAt.IsZero())
	_, err = w.RestoreTenant(t.Context(), super, "acme")
	wantCode(t, tenancy.CodeInvalidState, err)
	_, err = w.RestoreTenant(t.Context(), super, "frozen")
	wantCode(t, tenancy.CodeInvalidState, err)
}

func TestTheDefaultTenantStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, ref := range []string{"default", tenancy.DefaultID.String()} {
		_, err := w.DeleteTenant(t.Context(), super, ref)
		wantCode(t, tenancy.CodeInvalidState, err)
	}
	assert.Equal(t, tenancy.Active, w.stored(t, tenancy.DefaultID).State)
}
