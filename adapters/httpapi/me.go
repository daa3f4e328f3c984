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
	ID          string       `json:"id" doc:"of the user or the API key; of the platform token it is \"platform\""`
	Email       string       `json:"email,omitempty" doc:"of a user"`
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
	if err := a.addEmail(c, &answer); err != nil {
		return err
	}
	if len(p.Roles) == 0 {
		return writeJSON(w, http.StatusOK, answer)
	}
	found, err := a.services.Tenants.List(c.Context(),
		ports.TenantQuery{IDs: slices.Collect(maps.Keys(p.Roles)), Limit: len(p.Roles)})
	if err != nil {
		return err
	}
	for _, t := range found {
		if t.State != tenancy.Deleted && (a.multiTenant || t.ID == tenancy.DefaultID) {
			ref := tenantRef{ID: t.ID.String(), Slug: t.Slug, Name: t.Name}
			answer.Memberships = append(answer.Memberships,
				membership{Tenant: ref, Role: p.Roles[t.ID]})
		}
	}
	return writeJSON(w, http.StatusOK, answer)
}

// addEmail adds the address of a user that the service keeps: others are the
// host's.
func (a *api) addEmail(c *call, answer *meBody) error {
	if c.principal.Kind != tenancy.UserPrincipal {
		return nil
	}
	u, err := a.services.Users.Get(c.Context(), c.principal.ID)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return nil
	}
	answer.Email = u.Email
	return err
}
