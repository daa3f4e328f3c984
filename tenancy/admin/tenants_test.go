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

func TestCreateTenantStoresAnActiveTenant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got, err := f.CreateTenant(t.Context(), superAdmin, admin.NewTenant{
		Slug: "initech", Name: "Initech Ltd.", Settings: json.RawMessage(`{"b": 1, "a": {}}`),
	})
	require.NoError(t, err)
	assert.False(t, got.ID.IsZero())
	assert.Equal(t, tenancy.Tenant{
		ID: got.ID, Slug: "initech", Name: "Initech Ltd.", State: tenancy.Active,
		Settings: json.RawMessage(`{"a":{},"b":1}`), Version: 1, CreatedAt: start, UpdatedAt: start,
	}, got)
	assert.Equal(t, got, f.stored(t, got.ID))
	assert.JSONEq(t, `{}`, string(f.acme.Settings), "no settings are {}")
}

func TestCreateTenantIsForSuperAdmins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.CreateTenant(t.Context(), f.member(tenancy.Admin),
		admin.NewTenant{Slug: "mine", Name: "Mine"})
	assert.Same(t, tenancy.ErrForbidden, err)
	_, err = f.GetTenant(t.Context(), superAdmin, "mine")
	wantCode(t, tenancy.CodeTenantNotFound, err)
}

func TestCreateTenantRefusesInvalidFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
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
		{"the id of a tenant", func(in *admin.NewTenant) { in.Slug = f.acme.ID.String() },
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
		{"truncated settings", settings(`{"a":`), tenancy.CodeInvalidJSON, ""},
		{"settings with a duplicate member", settings(`{"a":1,"a":2}`), tenancy.CodeInvalidJSON,
			"/settings/a"},
		{"settings with trailing data", settings(`{} {}`), tenancy.CodeInvalidJSON, ""},
		{"a NUL in settings", settings(`{"a":"\u0000"}`), tenancy.CodeInvalidJSON, "/settings/a"},
		{"a big number in settings", settings(`{"a":[12345678901234567890]}`),
			tenancy.CodeInexactNumber, "/settings/a/0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := good
			c.edit(&in)
			got, err := f.CreateTenant(t.Context(), superAdmin, in)
			wantCode(t, c.code, err)
			assert.Zero(t, got)
			if c.path != "" {
				wantPath(t, c.path, err)
			}
			_, err = f.GetTenant(t.Context(), superAdmin, "initech")
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

func TestListTenantsShowsWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	member, stranger := f.member(tenancy.Viewer), tenancy.Principal{Kind: tenancy.UserPrincipal}
	for _, c := range []struct {
		name  string
		by    tenancy.Principal
		state tenancy.State
		want  []string
	}{
		{"a super-admin sees all", superAdmin, "",
			[]string{"acme", "default", "frozen", "globex", "gone"}},
		{"a super-admin sees the active", superAdmin, tenancy.Active,
			[]string{"acme", "default", "globex"}},
		{"a super-admin sees the deleted", superAdmin, tenancy.Deleted, []string{"gone"}},
		{"a member sees its own", member, "", []string{"acme", "frozen"}},
		{"a member sees its suspended", member, tenancy.Suspended, []string{"frozen"}},
		{"a member sees no deleted", member, tenancy.Deleted, []string{}},
		{"a user without memberships sees none", stranger, "", []string{}},
		{"a user without memberships sees no active", stranger, tenancy.Active, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := f.ListTenants(t.Context(), c.by,
				admin.TenantList{State: c.state, Limit: 100})
			require.NoError(t, err)
			assert.Equal(t, c.want, slugs(got))
		})
	}
}

func TestOnlyTheLastPageOfTenantsIsShort(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	by := tenancy.Principal{Kind: tenancy.UserPrincipal, Roles: map[tenancy.ID]tenancy.Role{}}
	var want []string
	for i := range 20 {
		made, err := f.CreateTenant(t.Context(), superAdmin,
			admin.NewTenant{Slug: fmt.Sprintf("t%02d", i), Name: "T"})
		require.NoError(t, err)
		by.Roles[made.ID] = tenancy.Viewer
		if i%10 < 7 { // three of ten in a row are deleted
			want = append(want, string(made.Slug))
			continue
		}
		_, err = f.DeleteTenant(t.Context(), superAdmin, string(made.Slug))
		require.NoError(t, err)
	}
	for _, limit := range []int{1, 2, 3, 5, 14, 100} {
		var got []string
		after := tenancy.Slug("")
		for {
			page, err := f.ListTenants(t.Context(), by,
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

func TestListTenantsRefusesInvalidQueries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, l := range []admin.TenantList{{}, {Limit: -1}, {Limit: 1, State: "purged"}} {
		for _, by := range []tenancy.Principal{superAdmin, f.member(tenancy.Viewer)} {
			_, err := f.ListTenants(t.Context(), by, l)
			wantCode(t, tenancy.CodeInvalid, err)
		}
	}
}

func TestDeletedTenantCanOnlyBeRestored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	*f.clock = start.Add(time.Hour + time.Nanosecond)
	deleted, err := f.DeleteTenant(t.Context(), superAdmin, "acme")
	require.NoError(t, err)
	assert.Equal(t, tenancy.Deleted, deleted.State)
	assert.Equal(t, start.Add(time.Hour), deleted.DeletedAt, "in microseconds")
	assert.Equal(t, int64(2), deleted.Version)

	_, err = f.DeleteTenant(t.Context(), superAdmin, "acme")
	assert.Same(t, tenancy.ErrTenantNotFound, err)
	name := "New"
	_, err = f.UpdateTenant(t.Context(), superAdmin, "acme", admin.TenantChange{Name: &name}, 0)
	wantCode(t, tenancy.CodeInvalidState, err)
	_, err = f.UpdateTenant(t.Context(), superAdmin, "acme",
		admin.TenantChange{State: tenancy.Active},
		0)
	wantCode(t, tenancy.CodeInvalidState, err)
	_, _, err = f.CreateKey(t.Context(), superAdmin, "acme",
		admin.NewKey{Name: "ci", Role: tenancy.Viewer})
	wantCode(t, tenancy.CodeInvalidState, err)
	assert.Equal(t, deleted, f.stored(t, f.acme.ID))

	restored, err := f.RestoreTenant(t.Context(), superAdmin, f.acme.ID.String())
	require.NoError(t, err)
	assert.Equal(t, tenancy.Active, restored.State)
	assert.True(t, restored.DeletedAt.IsZero())
	_, err = f.RestoreTenant(t.Context(), superAdmin, "acme")
	wantCode(t, tenancy.CodeInvalidState, err)
	_, err = f.RestoreTenant(t.Context(), superAdmin, "frozen")
	wantCode(t, tenancy.CodeInvalidState, err)
}

func TestDefaultTenantCannotBeDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, ref := range []string{"default", tenancy.DefaultID.String()} {
		_, err := f.DeleteTenant(t.Context(), superAdmin, ref)
		wantCode(t, tenancy.CodeInvalidState, err)
	}
	assert.Equal(t, tenancy.Active, f.stored(t, tenancy.DefaultID).State)
}
