package httpapi

import (
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantBody is a tenant as it is answered.
type tenantBody struct {
	ID        string          `json:"id" format:"uuid"`
	Slug      tenancy.Slug    `json:"slug"`
	Name      string          `json:"name"`
	State     tenancy.State   `json:"state" enum:"active,suspended,deleted"`
	IsActive  bool            `json:"is_active" doc:"whether the state is active"`
	Settings  json.RawMessage `json:"settings" doc:"an object; the service says what stands in it"`
	Quotas    *quotasBody     `json:"quotas,omitempty" doc:"absent: nothing is limited"`
	Version   int64           `json:"version" minimum:"1" doc:"counts the changes, from 1; also the ETag"`
	CreatedAt timestamp       `json:"created_at"`
	UpdatedAt timestamp       `json:"updated_at"`
	DeletedAt *timestamp      `json:"deleted_at,omitempty" doc:"only of a deleted tenant"`
}

func showTenant(t tenancy.Tenant) tenantBody {
	settings := t.Settings
	if len(settings) == 0 {
		settings = json.RawMessage(`{}`)
	}
	return tenantBody{
		ID: t.ID.String(), Slug: t.Slug, Name: t.Name, State: t.State,
		IsActive: t.State == tenancy.Active,
		Settings: settings, Quotas: showQuotas(t.Quotas), Version: t.Version,
		CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt),
		DeletedAt: optionalTime(t.DeletedAt),
	}
}

// tenantInput is what creates a tenant.
type tenantInput struct {
	Slug     string          `json:"slug" doc:"a DNS label of 2 to 63 of a-z, 0-9 and hyphen"`
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings,omitempty" doc:"an object"`
	Quotas   *quotasBody     `json:"quotas,omitempty" doc:"absent: nothing is limited"`
}

// tenantChange is what changes a tenant. What is absent stays.
type tenantChange struct {
	Name     *string         `json:"name,omitempty" doc:"of a tenant admin"`
	Settings json.RawMessage `json:"settings,omitempty" doc:"an object; of a tenant admin"`
	Quotas   *quotasBody     `json:"quotas,omitempty" doc:"in place of those before; of a super-admin"`
	State    *tenancy.State  `json:"state,omitempty" enum:"active,suspended" doc:"of a super-admin"`
}

// quotasBody is what a tenant may use.
type quotasBody struct {
	Resources         map[string]int64 `json:"resources,omitempty" doc:"how many resources there may be, by kind"`
	RequestsPerSecond float64          `json:"requests_per_second,omitempty" minimum:"0" maximum:"1000000" doc:"to each instance of the service; 0: any number"`
}

func showQuotas(q tenancy.Quotas) *quotasBody {
	if q.IsZero() {
		return nil
	}
	return &quotasBody{q.Resources, q.RequestsPerSecond}
}

// quotas are what b asks for; nil asks for nothing.
func (b *quotasBody) quotas() *tenancy.Quotas {
	if b == nil {
		return nil
	}
	return &tenancy.Quotas{Resources: b.Resources, RequestsPerSecond: b.RequestsPerSecond}
}
