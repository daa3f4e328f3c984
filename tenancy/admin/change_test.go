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

func TestUpdateChangesWhatIsGivenAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := "Acme Europe"
	want := w.acme

	got, err := w.UpdateTenant(t.Context(), w.member(tenancy.Admin), "acme",
		admin.TenantChange{Name: &name}, 0)
	require.NoError(t, err)
	want.Name, want.Version = name, 2
	assert.Equal(t, want, got)

	got, err = w.UpdateTenant(t.Context(), w.member(tenancy.Admin), "acme",
		admin.TenantChange{Settings: json.RawMessage(`{"z":1,"a":2}`)}, 2)
	require.NoError(t, err)
	want.Settings, want.Version = json.RawMessage(`{"a":2,"z":1}`), 3
	assert.Equal(t, want, got)

	got, err = w.UpdateTenant(t.Context(), super, "acme",
		admin.TenantChange{State: tenancy.Suspended}, 3)
	require.NoError(t, err)
	want.State, want.Version = tenancy.Suspended, 4
	assert.Equal(t, want, got)
	assert.Equal(t, want, w.stored(t, want.ID))
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
		{"settings doubled", admin.TenantChange{Settings: json.RawMessage(`{"a":1,"a":1}`)},
			tenancy.CodeInvalidJSON, "/settings/a"},
		{"to delete it", admin.TenantChange{State: tenancy.Deleted}, tenancy.CodeInvalid, "/state"},
		{"another state", admin.TenantChange{State: "paused"}, tenancy.CodeInvalid, "/state"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := w.UpdateTenant(t.Context(), super, "acme", c.change, 0)
			wantCode(t, c.code, err)
			wantPath(t, c.path, err)
			assert.Zero(t, got)
			assert.Equal(t, w.acme, w.stored(t, w.acme.ID))
		})
	}
}

func TestATenantAdminCanNotSetTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := "Acme Europe"
	for _, state := range []tenancy.State{tenancy.Active, tenancy.Suspended, tenancy.Deleted,
		"paused"} {
		_, err := w.UpdateTenant(t.Context(), w.member(tenancy.Admin), "acme",
			admin.TenantChange{Name: &name, State: state}, 0)
		assert.Same(t, tenancy.ErrForbidden, err)
	}
	assert.Equal(t, w.acme, w.stored(t, w.acme.ID), "and the name stays too")
}

func TestAVersionThatIsNotTheStoredOneIsAMismatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := "Acme Europe"
	for _, version := range []int64{-1, 2, 1 << 62} {
		_, err := w.UpdateTenant(t.Context(), super, "acme", admin.TenantChange{Name: &name},
			version)
		wantCode(t, tenancy.CodeVersionMismatch, err)
	}
	assert.Equal(t, w.acme, w.stored(t, w.acme.ID))
}

// rival is a store in which somebody else writes between every read and write.
type rival struct {
	ports.Tenants
	edit  func(*tenancy.Tenant)
	times int // how often
}

func (r *rival) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
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

func TestAnUpdateWithoutVersionIsTriedAgain(t *testing.T) {
	t.Parallel()
	name := "Acme Europe"
	rename := admin.TenantChange{Name: &name}
	resettle := func(t *tenancy.Tenant) { t.Settings = json.RawMessage(`{"theirs":true}`) }
	for _, c := range []struct {
		name    string
		times   int
		edit    func(*tenancy.Tenant)
		version int64
		want    tenancy.Code
	}{
		{"one rival", 1, resettle, 0, ""},
		{"four rivals", 4, resettle, 0, ""},
		{"rivals without end", 1000, resettle, 0, tenancy.CodeUnavailable},
		{"a version", 1, resettle, 1, tenancy.CodeVersionMismatch},
		{"suspended meanwhile", 1, func(t *tenancy.Tenant) { t.State = tenancy.Suspended }, 0,
			tenancy.CodeTenantSuspended},
		{"deleted meanwhile", 1, func(t *tenancy.Tenant) { t.State = tenancy.Deleted }, 0,
			tenancy.CodeTenantNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := &rival{Tenants: w.ports.Tenants, times: c.times, edit: c.edit}
			w.ports.Tenants = r
			service := admin.New(w.ports, admin.Options{})
			got, err := service.UpdateTenant(t.Context(), w.member(tenancy.Admin), "acme", rename,
				c.version)
			wantCode(t, c.want, err)
			stored := w.stored(t, w.acme.ID)
			if c.want != "" {
				assert.Equal(t, w.acme.Name, stored.Name)
				return
			}
			assert.Equal(t, stored, got)
			assert.Equal(t, name, stored.Name)
			assert.JSONEq(t, `{"theirs":true}`, string(stored.Settings),
				"the rival's change is lost")
		})
	}
}

func TestOfTwoWhoDeleteOneSucceeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = w.DeleteTenant(t.Context(), super, "acme") })
	}
	all.Wait()
	codes := map[tenancy.Code]int{}
	for _, err := range errs {
		codes[tenancy.CodeOf(err)]++
	}
	assert.Equal(t, map[tenancy.Code]int{"": 1, tenancy.CodeTenantNotFound: len(errs) - 1}, codes,
		fmt.Sprint(errs))
}
