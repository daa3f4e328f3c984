package httpapi

import (
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantBody is a tenant in a response.
type tenantBody struct {
	ID        string          `json:"id" format:"uuid"`
	Slug      tenancy.Slug    `json:"slug"`
	Name      string          `json:"name"`
	State     tenancy.State   `json:"state"`
	IsActive  bool            `json:"is_active" doc:"whether the state is active"`
	Settings  json.RawMessage `json:"settings" doc:"an object; the service defines its members"`
	Quotas    *quotasBody     `json:"quotas,omitempty" doc:"absent if nothing is limited"`
	Version   int64           `json:"version" minimum:"1" doc:"counts the changes from 1"`
	CreatedAt timestamp       `json:"created_at"`
	UpdatedAt timestamp       `json:"updated_at"`
	DeletedAt *timestamp      `json:"deleted_at,omitempty" doc:"only of a deleted tenant"`
}

// showTenant returns the tenant for a response, where settings is always an object.
func showTenant(t tenancy.Tenant) tenantBody {
	settings := t.Settings
	if len(settings) == 0 {
		settings = json.RawMessage(`{}`)
	}
	return tenantBody{
		ID: t.ID.String(), Slug: t.Slug, Name: t.Name, State: t.State,
		IsActive: t.IsActive(),
		Settings: settings, Quotas: showQuotas(t.Quotas), Version: t.Version,
		CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt),
		DeletedAt: optionalTime(t.DeletedAt),
	}
}

// tenantInput is the body of a request that creates a tenant.
type tenantInput struct {
	Slug     string          `json:"slug" doc:"a DNS label: 2 to 63 characters of a-z, 0-9 and hyphen"`
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings,omitempty" doc:"an object"`
	Quotas   *quotasBody     `json:"quotas,omitempty" doc:"defaults to no limits"`
}

// tenantChange is the body of a request that changes a tenant. An absent member stays
// unchanged.
type tenantChange struct {
	Name     *string         `json:"name,omitempty" doc:"tenant admins may change it"`
	Settings json.RawMessage `json:"settings,omitempty" doc:"an object; tenant admins may change it"`
	Quotas   *quotasBody     `json:"quotas,omitempty" doc:"replaces all quotas; only super-admins may change it"`
	State    *settableState  `json:"state,omitempty" doc:"only super-admins may change it"`
}

// quotasBody is the limits of a tenant.
type quotasBody struct {
	Resources map[string]int64 `json:"resources,omitempty" doc:"the largest number of resources by kind"`

	Rate float64 `json:"requests_per_second,omitempty" minimum:"0" maximum:"1000000" doc:"per instance; 0: unlimited"`
}

// showQuotas returns nil for the zero quotas, so that the member is left out.
func showQuotas(q tenancy.Quotas) *quotasBody {
	if q.IsZero() {
		return nil
	}
	return &quotasBody{q.Resources, q.RequestsPerSecond}
}

// quotas converts b; nil stays nil.
func (b *quotasBody) quotas() *tenancy.Quotas {
	if b == nil {
		return nil
	}
	return &tenancy.Quotas{Resources: b.Resources, RequestsPerSecond: b.Rate}
}
