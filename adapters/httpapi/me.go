package httpapi

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// meBody describes the caller.
type meBody struct {
	ID          string       `json:"id" doc:"the id of the user or the API key; \"platform\" for the platform token"`
	Email       string       `json:"email,omitempty" doc:"only for a user"`
	Name        string       `json:"name"`
	SuperAdmin  bool         `json:"super_admin"`
	Memberships []membership `json:"memberships" nullable:"false" doc:"sorted by slug"`
}

// membership is one tenant of the caller with their role in it.
type membership struct {
	Tenant tenantRef    `json:"tenant"`
	Role   tenancy.Role `json:"role"`
}

// tenantRef identifies a tenant.
type tenantRef struct {
	ID   string       `json:"id" format:"uuid"`
	Slug tenancy.Slug `json:"slug"`
	Name string       `json:"name"`
}

// me describes the caller. It leaves out deleted tenants.
func (a *api) me(w http.ResponseWriter, c *call) error {
	p := c.principal
	id, email, err := a.idAndEmail(c)
	if err != nil {
		return err
	}
	alone, err := withoutMemberships(c)
	if err != nil {
		return err
	}
	body := meBody{ID: id, Email: email, Name: p.Name, SuperAdmin: p.SuperAdmin,
		Memberships: []membership{}}
	if alone || len(p.Roles) == 0 {
		return writeJSON(w, http.StatusOK, body)
	}
	found, err := a.services.Tenants.List(c.Context(),
		ports.TenantQuery{IDs: slices.Collect(maps.Keys(p.Roles)), Limit: len(p.Roles)})
	if err != nil {
		return err
	}
	for _, t := range found {
		if !t.IsDeleted() && (a.multiTenant || t.ID == tenancy.DefaultID) {
			ref := tenantRef{ID: t.ID.String(), Slug: t.Slug, Name: t.Name}
			body.Memberships = append(body.Memberships,
				membership{Tenant: ref, Role: p.Roles[t.ID]})
		}
	}
	return writeJSON(w, http.StatusOK, body)
}

// withoutMemberships reports whether the call asks for the caller alone: a user may have very
// many memberships.
func withoutMemberships(c *call) (bool, error) {
	if !c.query.Has("memberships") {
		return false, nil
	}
	with, err := c.query.Boolean("memberships")
	return !with, err
}

// idAndEmail returns the caller's id, and the address of a user that the store has. A host
// that authenticates callers itself may have users that the store doesn't know.
func (a *api) idAndEmail(c *call) (id, email string, err error) {
	id = cmp.Or(c.principal.ID, string(c.principal.Kind))
	if c.principal.Kind != tenancy.UserPrincipal || a.services.Users == nil {
		return id, "", nil
	}
	u, err := a.services.Users.Get(c.Context(), c.principal.ID)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return id, "", nil
	}
	return id, u.Email, err
}
