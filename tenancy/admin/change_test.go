package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

func TestUpdateTenantChangesOnlyGivenFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	name := "Acme Europe"
	want := f.acme

	got, err := f.UpdateTenant(t.Context(), f.member(tenancy.Admin), "acme",
		admin.TenantChange{Name: &name}, 0)
	require.NoError(t, err)
	want.Name, want.Version = name, 2
	assert.Equal(t, want, got)

	got, err = f.UpdateTenant(t.Context(), f.member(tenancy.Admin), "acme",
		admin.TenantChange{Settings: json.RawMessage(`{"z":1,"a":2}`)}, 2)
	require.NoError(t, err)
	want.Settings, want.Version = json.RawMessage(`{"a":2,"z":1}`), 3
	assert.Equal(t, want, got)

	got, err = f.UpdateTenant(t.Context(), superAdmin, "acme",
		admin.TenantChange{State: tenancy.Suspended}, 3)
	require.NoError(t, err)
	want.State, want.Version = tenancy.Suspended, 4
	assert.Equal(t, want, got)
	assert.Equal(t, want, f.stored(t, want.ID))
}

func TestUpdateTenantRefusesInvalidFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	empty := ""
	for _, c := range []struct {
		name   string
		change admin.TenantChange
		code   tenancy.Code
		path   string
	}{
		{"an empty name", admin.TenantChange{Name: &empty}, tenancy.CodeInvalid, "/name"},
		{"settings null", admin.TenantChange{Settings: json.RawMessage(`null`)},
			tenancy.CodeInvalid, "/settings"},
		{"settings with a duplicate member",
			admin.TenantChange{Settings: json.RawMessage(`{"a":1,"a":1}`)},
			tenancy.CodeInvalidJSON, "/settings/a"},
		{"state deleted", admin.TenantChange{State: tenancy.Deleted}, tenancy.CodeInvalid,
			"/state"},
		{"an unknown state", admin.TenantChange{State: "paused"}, tenancy.CodeInvalid, "/state"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := f.UpdateTenant(t.Context(), superAdmin, "acme", c.change, 0)
			wantCode(t, c.code, err)
			wantPath(t, c.path, err)
			assert.Zero(t, got)
			assert.Equal(t, f.acme, f.stored(t, f.acme.ID))
		})
	}
}

func TestTenantAdminCannotSetTheState(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	name := "Acme Europe"
	for _, state := range []tenancy.State{tenancy.Active, tenancy.Suspended, tenancy.Deleted,
		"paused"} {
		_, err := f.UpdateTenant(t.Context(), f.member(tenancy.Admin), "acme",
			admin.TenantChange{Name: &name, State: state}, 0)
		assert.Same(t, tenancy.ErrForbidden, err)
	}
	assert.Equal(t, f.acme, f.stored(t, f.acme.ID), "the name must not change either")
}

func TestUpdateTenantRefusesAnotherVersion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	name := "Acme Europe"
	for _, version := range []int64{-1, 2, 1 << 62} {
		_, err := f.UpdateTenant(t.Context(), superAdmin, "acme", admin.TenantChange{Name: &name},
			version)
		wantCode(t, tenancy.CodeVersionMismatch, err)
	}
	assert.Equal(t, f.acme, f.stored(t, f.acme.ID))
}

// concurrentEditor is a store in which another client writes between a read and a
// write.
type concurrentEditor struct {
	ports.Tenants
	edit  func(*tenancy.Tenant)
	times int // the number of edits
}

func (r *concurrentEditor) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	if r.times > 0 {
		r.times--
		other, err := r.Get(ctx, t.ID)
		if err != nil {
			return tenancy.Tenant{}, err
		}
		r.edit(&other)
		if _, err := r.Tenants.Update(ctx, other); err != nil {
			return tenancy.Tenant{}, err
		}
	}
	return r.Tenants.Update(ctx, t)
}

func TestUpdateTenantWithoutVersionIsRetried(t *testing.T) {
	t.Parallel()
	name := "Acme Europe"
	rename := admin.TenantChange{Name: &name}
	changeSettings := func(t *tenancy.Tenant) { t.Settings = json.RawMessage(`{"theirs":true}`) }
	for _, c := range []struct {
		name    string
		times   int
		edit    func(*tenancy.Tenant)
		version int64
		want    tenancy.Code
	}{
		{"one concurrent edit", 1, changeSettings, 0, ""},
		{"four concurrent edits", 4, changeSettings, 0, ""},
		{"endless concurrent edits", 1000, changeSettings, 0, tenancy.CodeUnavailable},
		{"a version", 1, changeSettings, 1, tenancy.CodeVersionMismatch},
		{"suspended meanwhile", 1, func(t *tenancy.Tenant) { t.State = tenancy.Suspended }, 0,
			tenancy.CodeTenantSuspended},
		{"deleted meanwhile", 1, func(t *tenancy.Tenant) { t.State = tenancy.Deleted }, 0,
			tenancy.CodeTenantNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			r := &concurrentEditor{Tenants: f.ports.Tenants, times: c.times, edit: c.edit}
			f.ports.Tenants = r
			service := admin.New(f.ports, admin.Options{})
			got, err := service.UpdateTenant(t.Context(), f.member(tenancy.Admin), "acme", rename,
				c.version)
			wantCode(t, c.want, err)
			stored := f.stored(t, f.acme.ID)
			if c.want != "" {
				assert.Equal(t, f.acme.Name, stored.Name)
				return
			}
			assert.Equal(t, stored, got)
			assert.Equal(t, name, stored.Name)
			assert.JSONEq(t, `{"theirs":true}`, string(stored.Settings),
				"the concurrent edit is lost")
		})
	}
}

func TestOneOfSeveralConcurrentDeletesSucceeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = f.DeleteTenant(t.Context(), superAdmin, "acme") })
	}
	all.Wait()
	codes := map[tenancy.Code]int{}
	for _, err := range errs {
		codes[tenancy.CodeOf(err)]++
	}
	assert.Equal(t, map[tenancy.Code]int{"": 1, tenancy.CodeTenantNotFound: len(errs) - 1}, codes,
		fmt.Sprint(errs))
}
