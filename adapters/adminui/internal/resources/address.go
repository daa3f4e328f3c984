package resources

import (
	"slices"
	"strings"
	"unicode"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
)

// unusual are the names that no segment of a path can hold: browsers resolve "." and "..",
// percent-encoded too (WHATWG URL, section 4.4), and servers join what an empty segment
// separates. Their pages are at the empty name, with the name as a parameter.
var unusual = []string{"", ".", ".."}

// path returns the path of a resource, or of an action on it.
func (p pages) path(r *page.Request, name, action string) string {
	if slices.Contains(unusual, name) {
		return urls.With(r.URLs.To(p.kind.Path, ""), "name", name, "do", action)
	}
	if action == "" {
		return r.URLs.To(p.kind.Path, name)
	}
	return r.URLs.To(p.kind.Path, name, action)
}

// with returns the path with further parameters, which may have some already.
func with(path string, pairs ...string) string {
	query := urls.With("", pairs...)
	if strings.Contains(path, "?") {
		query = strings.Replace(query, "?", "&", 1)
	}
	return path + query
}

// nameOf returns the name of the resource that the address names.
func nameOf(r *page.Request) string {
	if name := r.PathValue("name"); name != "" {
		return name
	}
	if name := r.Query().Get("name"); slices.Contains(unusual, name) {
		return name
	}
	return ""
}

// action returns what an address with the empty name asks to do.
func action(r *page.Request) string {
	if r.PathValue("name") != "" {
		return ""
	}
	return r.Query().Get("do")
}

// apiPath returns the path of a resource in the API.
func (p pages) apiPath(name string) string { return urls.Join("", p.kind.Path, name) }

// shown returns a name for people: one that can't be seen is quoted.
func shown(name string) string {
	switch {
	case name == "":
		return "(the empty name)"
	case strings.TrimSpace(name) != name, strings.ContainsFunc(name, unicode.IsControl):
		return "“" + name + "”"
	}
	return name
}

// lists returns the path of the kind's list.
func (p pages) lists(r *page.Request) string { return r.URLs.To(p.kind.Path) }
