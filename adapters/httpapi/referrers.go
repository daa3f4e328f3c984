package httpapi

import (
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/schemas"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// refBody names a resource.
type refBody struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

func showRef(r federation.Ref) refBody { return refBody{Kind: r.Kind, Name: r.Name} }

// referrersRoute describes [resources.referrers].
func (h resources) referrersRoute() operation {
	return operation{
		id:     "list" + schemas.ComponentName(h.kind.Name) + "Referrers",
		method: http.MethodGet, path: apiRoot + h.kind.Path + "/{name}/referrers", tag: "resources",
		summary: "List the resources that refer to one of kind " + h.kind.Name,
		access:  worksInTenant, needs: tenancy.ResourceRead, params: pageParams,
		codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusOK, doc: "One page, sorted by kind, then by name.",
			schema: goType[page[refBody]]()},
		handle: h.referrers,
	}
}

// referrers writes one page of the resources that refer to the resource of the path. The sort
// key is kind/name: no kind contains a slash.
func (h resources) referrers(w http.ResponseWriter, c *call) error {
	ref, err := h.ref(c)
	if err != nil {
		return err
	}
	l, err := c.listing("list referrers of " + ref.Kind + "/" + ref.Name)
	if err != nil {
		return err
	}
	var after federation.Ref
	after.Kind, after.Name, _ = strings.Cut(l.after, "/")
	found, err := h.services.Resources.Referrers(c.Context(), c.tenant.ID, ref, after,
		l.fetchLimit())
	if err != nil {
		return err
	}
	key := func(r federation.Ref) string { return r.Kind + "/" + r.Name }
	return writeJSON(w, http.StatusOK, pageOf(l, found, key, showRef))
}

// usageBody is what a tenant has of what its quotas limit.
type usageBody struct {
	Resources map[string]kindUsage `json:"resources" doc:"by kind; of every kind"`
}

// kindUsage is the usage of one kind.
type kindUsage struct {
	Count int64  `json:"count" minimum:"0"`
	More  bool   `json:"more,omitempty" doc:"there are more than count, which isn't counted further"`
	Limit *int64 `json:"limit,omitempty" doc:"the quota; absent if there is none"`
}

// fullCount is up to where the items of a kind are counted, unless its quota is higher: to count
// what has no bound has none either.
const fullCount = 10_000

// usageRoute describes [api.usage].
func (a *api) usageRoute() operation {
	return operation{
		id: "getUsage", method: http.MethodGet, path: tenantRoot + "/usage", tag: "resources",
		summary: "Get the number of the tenant's resources of each kind, and their quotas",
		access:  worksInTenant, needs: tenancy.ResourceRead,
		response: response{status: http.StatusOK, doc: "The usage.", schema: goType[usageBody]()},
		handle:   a.usage,
	}
}

// usage counts one more than it says, to see whether there are more.
func (a *api) usage(w http.ResponseWriter, c *call) error {
	quotas := c.tenant.Quotas.Resources
	most := map[string]int64{}
	for _, kind := range a.services.Kinds.All() {
		most[kind.Name] = max(quotas[kind.Name], fullCount) + 1
	}
	counts, err := a.services.Resources.Count(c.Context(), c.tenant.ID, most)
	if err != nil {
		return err
	}
	body := usageBody{Resources: make(map[string]kindUsage, len(counts))}
	for kind, count := range counts {
		usage := kindUsage{Count: count}
		if count == most[kind] {
			usage.Count, usage.More = count-1, true
		}
		if limit, limited := quotas[kind]; limited {
			usage.Limit = &limit
		}
		body.Resources[kind] = usage
	}
	return writeJSON(w, http.StatusOK, body)
}
