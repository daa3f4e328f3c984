package httpapi

import (
	"maps"
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// meBody is who calls.
type meBody struct {
	ID          string       `json:"id" doc:"of the API key; of the platform token it is \"platform\""`
	Name        string       `json:"name"`
	SuperAdmin  bool         `json:"super_admin"`
	Memberships []membership `json:"memberships" nullable:"false" doc:"by slug"`
}

type membership struct {
	Tenant tenantRef    `json:"tenant"`
	Role   tenancy.Role `json:"role" enum:"viewer,editor,admin,replicator"`
}

// tenantRef is a tenant in a few words.
type tenantRef struct {
	ID   string       `json:"id" format:"uuid"`
	Slug tenancy.Slug `json:"slug"`
	Name string       `json:"name"`
}

// me answers who calls. Deleted tenants are left out.
func (a *api) me(w http.ResponseWriter, c *call) error {
	p := c.principal
	answer := meBody{ID: p.ID, Name: p.Name, SuperAdmin: p.SuperAdmin, Memberships: []membership{}}
	if answer.ID == "" {
		answer.ID = string(p.Kind)
	}
	if len(p.Roles) == 0 {
		return writeJSON(w, http.StatusOK, answer)
	}
	found, err := a.services.Tenants.List(c.Context(), ports.TenantQuery{IDs: slices.Collect(maps.Keys(p.Roles)), Limit: len(p.Roles)})
	if err != nil {
		return err
	}
	for _, t := range found {
		if t.State != tenancy.Deleted && (a.multiTenant || t.ID == tenancy.DefaultID) {
			ref := tenantRef{ID: t.ID.String(), Slug: t.Slug, Name: t.Name}
			answer.Memberships = append(answer.Memberships, membership{Tenant: ref, Role: p.Roles[t.ID]})
		}
	}
	return writeJSON(w, http.StatusOK, answer)
}
