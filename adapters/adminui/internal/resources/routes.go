package resources

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/federation"
)

// The actions on a resource. Each is the last segment of its path.
const (
	editing  = "edit"
	deleting = "delete"
)

// Routes returns the pages of each kind, and the module that proposes names.
func Routes(s *page.Site) []page.Route {
	routes := []page.Route{{Path: "/t/{tenant}/pick/{kind}", Access: page.InTenant, Handle: propose}}
	for _, kind := range s.Kinds.All() {
		routes = append(routes, kindRoutes(pages{kind})...)
	}
	return routes
}

// pages has the pages of one kind.
type pages struct{ kind federation.Kind }

// formFields are the inputs of a resource's form.
var formFields = append(specform.Inputs(), "name", "labels", "labels_json", "etag", "back")

func kindRoutes(p pages) []page.Route {
	list := "/t/{tenant}/" + p.kind.Path
	item := list + "/{name}"
	get := func(path string, handle func(*page.Request) (page.Reply, error)) page.Route {
		return page.Route{Path: path, Access: page.InTenant, Handle: handle}
	}
	post := func(path string, handle func(*page.Request) (page.Reply, error)) page.Route {
		return page.Route{Method: http.MethodPost, Path: path, Access: page.InTenant, Handle: handle,
			Fields: formFields, Secret: func(f page.Form) bool {
				return specform.HasSecret(p.kind, f.Values)
			}}
	}
	return []page.Route{
		get(list, p.index), post(list, p.create),
		get(item, p.getItem), post(item, p.postItem),
		get(item+"/"+editing, p.edit), post(item+"/"+editing, p.update),
		get(item+"/"+deleting, p.askDelete), post(item+"/"+deleting, p.remove),
	}
}

// index shows the list, the form of a new one, or the only item.
func (p pages) index(r *page.Request) (page.Reply, error) {
	switch {
	case p.kind.Singleton != "":
		return page.Go(p.path(r, p.kind.Singleton, ""))
	case r.Query().Has("new"):
		return p.new(r)
	}
	return p.list(r)
}

// getItem shows a resource, or what its address asks to do with it.
func (p pages) getItem(r *page.Request) (page.Reply, error) {
	switch action(r) {
	case "":
		return p.show(r)
	case editing:
		return p.edit(r)
	case deleting:
		return p.askDelete(r)
	}
	return page.Reply{}, page.NotFound()
}

// postItem does what its address asks.
func (p pages) postItem(r *page.Request) (page.Reply, error) {
	switch action(r) {
	case editing:
		return p.update(r)
	case deleting:
		return p.remove(r)
	}
	return page.Reply{}, page.NotFound()
}
