package resources

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// resource is a resource as the API shows it.
type resource struct {
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Spec      json.RawMessage   `json:"spec"`
	Version   int64             `json:"version"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`

	tag string // the ETag
}

// get reads a resource.
func (p pages) get(r *page.Request, name string) (resource, error) {
	var found resource
	answer, err := r.API.Answer(r.Context(), apicall.Call{Path: p.apiPath(name)})
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(answer.Body, &found); err != nil {
		return found, err
	}
	found.tag = answer.Header.Get("ETag")
	return found, nil
}

// description returns the description of a resource, "" if it has none.
func (res resource) description() string {
	members, _ := specform.Members(res.Spec)
	text, _ := specform.Text(members["description"])
	return text
}

// title returns the name of the kind for people: "Model configs".
func (p pages) title() string { return page.KindTitle(p.kind.Path) }

// one returns the name of one item of the kind: "Model config", in a sentence "model config".
func (p pages) one() (title, noun string) {
	title = specform.Label(p.kind.Name)
	if strings.HasPrefix(title, "MCP ") {
		return title, title
	}
	return title, strings.ToLower(title[:1]) + title[1:]
}

// noun returns the name of the kind in a sentence: "model configs".
func (p pages) noun() string {
	title := p.title()
	if strings.HasPrefix(title, "MCP ") {
		return title
	}
	return strings.ToLower(title[:1]) + title[1:]
}

// trail returns the links above a page of a resource. The list is where the person came from.
func (p pages) trail(r *page.Request, names ...string) []view.Link {
	if p.kind.Singleton != "" {
		return nil
	}
	list := p.lists(r)
	if back := r.Back(list); strings.HasPrefix(back, list+"?") {
		list = back
	}
	links := []view.Link{{Text: p.title(), Href: list}}
	for _, name := range names {
		links = append(links, view.Link{Text: shown(name), Href: p.path(r, name, "")})
	}
	return links
}
