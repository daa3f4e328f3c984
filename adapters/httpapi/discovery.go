package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/cursor"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/schemas"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Discovery is one list of the discovery route.
type Discovery struct {
	Kind   string   // the kind of the listed resources
	Member string   // the list's member in the response, such as "mcp_servers"
	Fields []string // the members of the spec to show in addition to the name
}

// discover lists what a tenant offers, with a few fields of each resource. Each list
// has its own position and at most limit items on a page; one cursor holds the
// positions of all lists.
func (a *api) discover(w http.ResponseWriter, c *call) error {
	l, positions, err := c.listings("discovery", len(a.discovery))
	if err != nil {
		return err
	}
	body := map[string]any{"tenant": map[string]any{"slug": c.tenant.Slug, "name": c.tenant.Name}}
	hasMore := false
	for i, d := range a.discovery {
		found, err := a.services.Resources.List(c.Context(), c.tenant.ID, ports.ResourceQuery{
			Kind: d.Kind, After: positions[i], Limit: l.fetchLimit(),
		})
		if err != nil {
			return err
		}
		if len(found) > l.limit {
			found, hasMore = found[:l.limit], true
		}
		// A list that has ended keeps its last position, so its next pages are empty.
		if len(found) > 0 {
			positions[i] = nameKey(found[len(found)-1])
		}
		if body[d.Member], err = d.show(found); err != nil {
			return err
		}
	}
	if hasMore {
		body["next_cursor"] = cursor.Encode(l.scope, positions...)
	}
	return writeJSON(w, http.StatusOK, body)
}

// show returns the name and the chosen fields of each resource. A secret is never
// among them: New refuses such a Discovery.
func (d Discovery) show(found []federation.Resource) ([]map[string]any, error) {
	shown := make([]map[string]any, 0, len(found))
	for _, r := range found {
		var spec map[string]json.RawMessage
		if err := json.Unmarshal(r.Spec, &spec); err != nil {
			return nil, tenancy.Errorf(tenancy.CodeInternal, "the stored spec isn't an object").
				Because(err)
		}
		maps.DeleteFunc(spec, func(name string, _ json.RawMessage) bool {
			return !slices.Contains(d.Fields, name)
		})
		entry := map[string]any{"name": r.Name}
		for name, value := range spec {
			entry[name] = value
		}
		shown = append(shown, entry)
	}
	return shown, nil
}

// discoverySchema describes the response of the discovery route.
func (a *api) discoverySchema(r huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	tenant := schemas.Object(map[string]*huma.Schema{"slug": text, "name": text}, "slug", "name")
	members := map[string]*huma.Schema{"tenant": tenant, "next_cursor": text}
	required := []string{"tenant"}
	for _, d := range a.discovery {
		kind, _ := a.services.Kinds.Kind(d.Kind)
		all := schemas.Spec(kind, false).Properties
		shown := map[string]*huma.Schema{"name": text}
		for _, field := range d.Fields {
			shown[field] = all[field]
			if shown[field] == nil {
				shown[field] = &huma.Schema{}
			}
		}
		members[d.Member] = &huma.Schema{Type: huma.TypeArray, Items: schemas.Object(shown, "name")}
		required = append(required, d.Member)
	}
	return schemas.Object(members, required...)
}
