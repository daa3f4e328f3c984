package walk

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Made begins the names of what the walk creates.
const Made = "walked-"

var interchangeable = regexp.MustCompile(
	`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(filler|walked)-[0-9]+|made-[0-9]+`)

// Shape returns a path in which what is interchangeable is left out, and the names of its
// parameters.
func Shape(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	p := interchangeable.ReplaceAllString(u.EscapedPath(), "*")
	q := u.Query()
	for name, values := range q {
		if len(values) == 1 && values[0] == "" {
			delete(q, name)
		}
	}
	q.Del("back")
	q.Del("done")
	q.Del("return_to")
	if len(q) == 0 {
		return p
	}
	return p + "?" + strings.Join(slices.Sorted(maps.Keys(q)), "&")
}

// searching are parameters that choose what a list shows.
var searching = []string{"q", "label", "cursor", "action", "actor", "outcome", "since", "until",
	"target", "target_kind", "state", "kind", "role"}

// WithoutSearch returns a shape without the parameters that choose what a list shows, not how the
// page looks.
func WithoutSearch(shape string) string {
	path, query, _ := strings.Cut(shape, "?")
	names := slices.DeleteFunc(strings.Split(query, "&"), func(name string) bool {
		return name == "" || slices.Contains(searching, name)
	})
	if len(names) == 0 {
		return path
	}
	return path + "?" + strings.Join(names, "&")
}

// withoutPlace returns a path without the parameters that only say where to go afterwards.
func withoutPlace(u *url.URL) string {
	q := u.Query()
	q.Del("back")
	q.Del("done")
	q.Del("return_to")
	return u.EscapedPath() + "?" + q.Encode()
}

// withQuery returns a path with a parameter set.
func withQuery(target, name, value string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}
