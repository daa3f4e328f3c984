package resources

import (
	"net/http"
	"net/url"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// use is what refers to a resource.
type use struct {
	known bool // the API says it
	links []view.Link
	more  bool // more than links
}

// use returns the first resources that refer to one.
func (p pages) use(r *page.Request, name string) (use, error) {
	var found apicall.List[apicall.ResourceRef]
	err := r.API.Get(r.Context(), p.apiPath(name)+"/referrers", url.Values{"limit": {"20"}}, &found)
	if problem := apicall.ProblemOf(err); problem != nil && problem.Status == http.StatusNotFound {
		return use{}, nil // an API without this route, or the resource was just deleted
	}
	if err != nil {
		return use{}, err
	}
	return useOf(r, found.Items, found.NextCursor), nil
}

// useOf returns the links to what refers to a resource. A cursor means that there is more.
func useOf(r *page.Request, refs []apicall.ResourceRef, cursor string) use {
	const most = 20
	u := use{known: true, more: cursor != "" || len(refs) > most}
	for _, ref := range refs[:min(len(refs), most)] {
		u.links = append(u.links, refLink(r, ref.Kind, ref.Name))
	}
	return u
}

// refLink returns the link to a resource. Without a page, for a kind that isn't declared, it
// is only text.
func refLink(r *page.Request, kindName, name string) view.Link {
	kind, ok := r.Site.Kinds.Kind(kindName)
	if !ok {
		return view.Link{Text: kindName + " " + shown(name)}
	}
	title, _ := pages{kind}.one()
	return view.Link{Text: title + ": " + shown(name), Href: pages{kind}.path(r, name, "")}
}
