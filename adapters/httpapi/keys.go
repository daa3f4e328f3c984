package httpapi

import (
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// keyBody is an API key in a response.
type keyBody struct {
	ID         string       `json:"id" format:"uuid"`
	Name       string       `json:"name"`
	Role       tenancy.Role `json:"role"`
	CreatedAt  timestamp    `json:"created_at"`
	ExpiresAt  *timestamp   `json:"expires_at,omitempty" doc:"absent if the key never expires"`
	LastUsedAt *timestamp   `json:"last_used_at,omitempty" doc:"to the minute; absent if never used"`
	Prefix     string       `json:"prefix,omitempty" doc:"the start of the secret, to recognize it; absent if unknown"`
	CreatedBy  *actorBody   `json:"created_by,omitempty" doc:"absent if unknown"`
	RotatedTo  string       `json:"rotated_to,omitempty" format:"uuid" doc:"the id of the key that replaces this one"`
}

// actorBody identifies the actor of a change.
type actorBody struct {
	Kind tenancy.PrincipalKind `json:"kind"`
	ID   string                `json:"id,omitempty"`
	Name string                `json:"name,omitempty"`
}

// showActor returns nil for the zero actor, so that the member is left out.
func showActor(by tenancy.Actor) *actorBody {
	if by == (tenancy.Actor{}) {
		return nil
	}
	return &actorBody{by.Kind, by.ID, by.Name}
}

// newKeyBody is a new API key. No other response has its secret.
type newKeyBody struct {
	ID        string       `json:"id" format:"uuid"`
	Name      string       `json:"name"`
	Role      tenancy.Role `json:"role"`
	Secret    string       `json:"secret" doc:"the bearer token to send; shown only in this response"`
	CreatedAt timestamp    `json:"created_at"`
	ExpiresAt *timestamp   `json:"expires_at,omitempty" doc:"absent if the key never expires"`
}

// keyInput is the body of a request that creates an API key.
type keyInput struct {
	Name      string       `json:"name"`
	Role      tenancy.Role `json:"role"`
	ExpiresAt *time.Time   `json:"expires_at,omitempty" doc:"RFC 3339, in the future; defaults to never"`
}

// rotateInput is the body of a request that rotates a key.
type rotateInput struct {
	Overlap *string `json:"overlap,omitempty" doc:"how long the old key works: 0s, 90m, 24h; up to 720h" default:"24h"`
}

func showKey(k tenancy.APIKey) keyBody {
	return keyBody{
		ID: k.ID, Name: k.Name, Role: k.Role, CreatedAt: timestamp(k.CreatedAt),
		ExpiresAt: optionalTime(k.ExpiresAt), LastUsedAt: optionalTime(k.LastUsedAt),
		Prefix: k.Prefix, CreatedBy: showActor(k.CreatedBy), RotatedTo: k.RotatedTo,
	}
}

// createKey creates an API key. Its secret is only in this response: the store has the
// hash.
func (a *api) createKey(w http.ResponseWriter, c *call) error {
	var in keyInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	newKey := admin.NewKey{Name: in.Name, Role: in.Role}
	if in.ExpiresAt != nil {
		if in.ExpiresAt.IsZero() {
			return requestbody.AtPath(tenancy.CodeInvalid, "/expires_at", "must be in the future")
		}
		newKey.ExpiresAt = *in.ExpiresAt
	}
	tenant := c.PathValue(resolve.PathValue)
	key, secret, err := a.admin.CreateKey(c.Context(), c.principal, tenant, newKey)
	if err != nil {
		return err
	}
	return a.writeNewKey(w, key, secret)
}

// rotateKey creates the successor of a key. The old key still works for the overlap.
func (a *api) rotateKey(w http.ResponseWriter, c *call) error {
	var in rotateInput
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	overlap := admin.DefaultOverlap
	if in.Overlap != nil {
		var err error
		if overlap, err = time.ParseDuration(*in.Overlap); err != nil {
			return requestbody.AtPath(tenancy.CodeInvalid, "/overlap",
				"must be a duration such as 24h, 90m or 0s")
		}
	}
	key, secret, err := a.admin.RotateKey(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		c.PathValue("id"), overlap)
	if err != nil {
		return err
	}
	return a.writeNewKey(w, key, secret)
}

// writeNewKey writes the response to a created or rotated key, the only one with the
// secret.
func (a *api) writeNewKey(w http.ResponseWriter, key tenancy.APIKey, secret string) error {
	w.Header().Set("Location", a.prefix+apiRoot+"tenants/"+key.Tenant.String()+"/keys/"+key.ID)
	return writeJSON(w, http.StatusCreated, newKeyBody{
		ID: key.ID, Name: key.Name, Role: key.Role, Secret: secret,
		CreatedAt: timestamp(key.CreatedAt), ExpiresAt: optionalTime(key.ExpiresAt),
	})
}

// listKeys writes one page of the tenant's keys. The sort key is the id, which grows
// with the time of creation.
func (a *api) listKeys(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list keys")
	if err != nil {
		return err
	}
	tenant := c.PathValue(resolve.PathValue)
	list := func(after string, limit int) ([]tenancy.APIKey, error) {
		return a.admin.ListKeys(c.Context(), c.principal, tenant, after, limit)
	}
	id := func(k tenancy.APIKey) string { return k.ID }
	return writeList(w, l, id, showKey, list)
}

// revokeKey makes every instance refuse the key from the next request on.
func (a *api) revokeKey(w http.ResponseWriter, c *call) error {
	if err := a.admin.RevokeKey(c.Context(), c.principal, c.PathValue(resolve.PathValue),
		c.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
