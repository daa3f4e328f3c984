package httpapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/entitytag"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// resourceBody is a resource in a response.
type resourceBody struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Spec      json.RawMessage   `json:"spec"`
	Version   int64             `json:"version"`
	CreatedAt timestamp         `json:"created_at"`
	UpdatedAt timestamp         `json:"updated_at"`
}

// showResource returns the resource for a response, where labels is never null.
func showResource(r federation.Resource) resourceBody {
	labels := r.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	return resourceBody{
		ID: r.ID, Kind: r.Kind, Name: r.Name, Labels: labels, Spec: r.Spec, Version: r.Version,
		CreatedAt: timestamp(r.CreatedAt), UpdatedAt: timestamp(r.UpdatedAt),
	}
}

// resourceInput is the body of a PUT.
type resourceInput struct {
	Labels map[string]*string `json:"labels"`
	Spec   json.RawMessage    `json:"spec"`
}

// item returns the input as an item with the name ref. It refuses a null label, which
// would be stored as an empty one.
func (in resourceInput) item(ref federation.Ref) (federation.Item, error) {
	labels := make(map[string]string, len(in.Labels))
	for key, value := range in.Labels {
		if value == nil {
			return federation.Item{},
				requestbody.AtPath(tenancy.CodeInvalid,
					requestbody.ShortPath(jsontext.Pointer("/labels").AppendToken(key)),
					"must be a string")
		}
		labels[key] = *value
	}
	if in.Spec == nil {
		return federation.Item{}, requestbody.AtPath(tenancy.CodeInvalid, "/spec", "is missing")
	}
	return federation.Item{Ref: ref, Labels: labels, Spec: in.Spec}, nil
}

// resources serves the resources of one kind.
type resources struct {
	*api
	kind federation.Kind
}

// list writes one page of the kind's resources, sorted by name, which is the sort key.
func (h resources) list(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list " + h.kind.Name)
	if err != nil {
		return err
	}
	search, err := c.query.Search()
	if err != nil {
		return err
	}
	labels, err := c.query.Labels()
	if err != nil {
		return err
	}
	found, err := h.services.Resources.List(c.Context(), c.tenant.ID, ports.ResourceQuery{
		Kind: h.kind.Name, Search: search, Labels: labels, After: l.after, Limit: l.fetchLimit(),
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(l, found, nameKey, showResource))
}

// nameKey returns the sort key of a resource. An adopted resource may have the empty name, which
// as a position would begin the list again.
func nameKey(r federation.Resource) string { return cmp.Or(r.Name, "\x01") }

// get writes a resource, or 304 if If-None-Match contains its ETag.
func (h resources) get(w http.ResponseWriter, c *call) error {
	ref, err := h.ref(c)
	if err != nil {
		return err
	}
	noneMatch, err := entitytag.Read(c.Header, ifNoneMatch)
	if err != nil {
		return err
	}
	found, err := h.services.Resources.Get(c.Context(), c.tenant.ID, ref)
	if err != nil {
		return err
	}
	return writeEntity(w, http.StatusOK, c.tenant.ID, showResource(found), noneMatch)
}

// put creates or replaces a resource. The store checks the condition in the same
// transaction as the write. The status is 201 for a new resource and 200 for an
// existing one.
func (h resources) put(w http.ResponseWriter, c *call) error {
	ref := federation.Ref{Kind: h.kind.Name, Name: federation.NormalName(c.PathValue("name"))}
	if err := tenancy.CheckName(ref.Name); err != nil {
		return err
	}
	var in resourceInput
	if err := requestbody.ReadJSON(w, c.Request, h.resourceLimit, &in); err != nil {
		return err
	}
	item, err := in.item(ref)
	if err != nil {
		return err
	}
	cond, err := h.condition(c, ref)
	if err != nil {
		return err
	}
	stored, created, err := h.services.Resources.Put(c.Context(), c.tenant.ID, item, cond)
	if err != nil {
		return createOnlyError(cond, err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", h.prefix+h.path(stored.Name))
	}
	return writeEntity(w, status, c.tenant.ID, showResource(stored), entitytag.List{})
}

// delete deletes a resource. The store refuses a resource to which others refer.
func (h resources) delete(w http.ResponseWriter, c *call) error {
	ref, err := h.ref(c)
	if err != nil {
		return err
	}
	cond, err := h.condition(c, ref)
	if err != nil {
		return err
	}
	if err := h.services.Resources.Delete(c.Context(), c.tenant.ID, ref, cond); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// path returns the percent-encoded path of the resource called name. It encodes the
// names "." and ".." too: clients and proxies would resolve them as path segments.
func (h resources) path(name string) string {
	segment := url.PathEscape(name)
	switch segment {
	case ".":
		segment = "%2E"
	case "..":
		segment = "%2E%2E"
	}
	return apiRoot + h.kind.Path + "/" + segment
}

// ref returns the resource that the path names. It takes names that no resource can be
// created with: an adopted one may have such a name, and is read and deleted by it. A name
// that isn't in normal form is looked up as it is first, for the same reason. Text that no
// database stores is [tenancy.CodeNotFound] without a read of the store.
func (h resources) ref(c *call) (federation.Ref, error) {
	ref := federation.Ref{Kind: h.kind.Name, Name: c.PathValue("name")}
	if !utf8.ValidString(ref.Name) || strings.Contains(ref.Name, "\x00") {
		return federation.Ref{},
			tenancy.Errorf(tenancy.CodeNotFound, "%s not found in this tenant", h.kind.Name)
	}
	normal := federation.NormalName(ref.Name)
	if normal == ref.Name {
		return ref, nil
	}
	_, err := h.services.Resources.Get(c.Context(), c.tenant.ID, ref)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		ref.Name, err = normal, nil
	}
	return ref, err
}
