package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/secrets"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// secretRoutes returns the routes for secrets.
func (a *api) secretRoutes() []operation {
	const all, one = tenantRoot + "/secrets", tenantRoot + "/secrets/{name}"
	return []operation{{
		id: "listSecrets", method: http.MethodGet, path: all, tag: "bundles",
		summary: "List the secrets that have a value or that resources use, without the values",
		access:  worksInTenant, needs: tenancy.SecretRead, params: pageParams,
		response: response{status: http.StatusOK, doc: "One page, sorted by name.",
			schema: goType[page[secretBody]]()},
		handle: a.listSecrets,
	}, {
		id: "setSecret", method: http.MethodPut, path: one, tag: "bundles",
		summary: "Set the value of a secret",
		access:  worksInTenant, needs: tenancy.SecretWrite, body: jsonBody[secretInput](),
		response: response{status: http.StatusNoContent,
			doc: "The value is stored encrypted. No route returns it."},
		handle: a.setSecret,
	}, {
		id: "unsetSecret", method: http.MethodDelete, path: one, tag: "bundles",
		summary: "Remove the value of a secret, also of one that resources use",
		access:  worksInTenant, needs: tenancy.SecretWrite,
		codes:    []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent, doc: "The secret has no value."},
		handle:   a.unsetSecret,
	}}
}

// secretBody is a secret in a response.
type secretBody struct {
	Name      string        `json:"name"`
	Set       bool          `json:"set" doc:"whether it has a value"`
	UpdatedAt *timestamp    `json:"updated_at,omitempty" doc:"of the value; absent without one"`
	UsedBy    []secretPlace `json:"used_by" nullable:"false" doc:"sorted by kind, name and path"`
	More      bool          `json:"more,omitempty" doc:"more resources use it than used_by has"`
}

// secretPlace is a place in a resource that refers to a secret.
type secretPlace struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Path string `json:"path" doc:"a JSON Pointer (RFC 6901)"`
}

func showSecret(s secrets.Secret) secretBody {
	b := secretBody{Name: s.Name, Set: s.Set, UpdatedAt: optionalTime(s.UpdatedAt),
		UsedBy: make([]secretPlace, 0, len(s.UsedBy)), More: s.More}
	for _, u := range s.UsedBy {
		b.UsedBy = append(b.UsedBy, secretPlace{Kind: u.Kind, Name: u.Name, Path: u.Path})
	}
	return b
}

// listSecrets writes one page of the tenant's secrets. The sort key is the name.
func (a *api) listSecrets(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list secrets")
	if err != nil {
		return err
	}
	found, err := secrets.List(c.Context(), a.services.Vault, a.services.Resources, c.tenant.ID,
		l.after, l.fetchLimit())
	if err != nil {
		return err
	}
	name := func(s secrets.Secret) string { return s.Name }
	return writeJSON(w, http.StatusOK, pageOf(l, found, name, showSecret))
}

// unsetSecret removes the value of a secret. Resources may go on referring to it: the list
// shows that it is missing.
func (a *api) unsetSecret(w http.ResponseWriter, c *call) error {
	name := federation.NormalName(c.PathValue("name"))
	if err := tenancy.CheckName(name); err != nil {
		return err
	}
	if err := a.services.Vault.Unset(c.Context(), c.tenant.ID, name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setSecret stores the value of a secret. No route reads it back.
func (a *api) setSecret(w http.ResponseWriter, c *call) error {
	name := federation.NormalName(c.PathValue("name"))
	if err := tenancy.CheckName(name); err != nil {
		return err
	}
	var in secretInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	if in.Value == nil || *in.Value == "" {
		return requestbody.AtPath(tenancy.CodeInvalid, "/value", "must be a non-empty string")
	}
	if err := a.services.Vault.Set(c.Context(), c.tenant.ID, name, []byte(*in.Value)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// secretInput is the body of a PUT of a secret.
type secretInput struct {
	Value *string `json:"value" minLength:"1"`
}
