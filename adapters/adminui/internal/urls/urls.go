// Package urls builds the paths of the pages.
package urls

import (
	"net/url"
	"strings"
)

// Join returns base followed by the segments, each percent-encoded. It encodes "." and
// ".." too, which browsers would resolve.
func Join(base string, segments ...string) string {
	var b strings.Builder
	b.WriteString(base)
	for _, segment := range segments {
		b.WriteByte('/')
		b.WriteString(escape(segment))
	}
	return b.String()
}

func escape(segment string) string {
	switch segment {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	return url.PathEscape(segment)
}

// With returns path with a query of the pairs, in the order given, after the query that it
// has. It leaves out pairs with an empty value.
func With(path string, pairs ...string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		path += separator + url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1])
		separator = "&"
	}
	return path
}

// Root is the path under which the pages are served: "/admin".
type Root string

// To returns the path of a page that belongs to no tenant; without segments, of the start
// page.
func (r Root) To(segments ...string) string {
	if len(segments) == 0 {
		return string(r) + "/"
	}
	return Join(string(r), segments...)
}

// Tenant returns the root of a tenant's pages.
func (r Root) Tenant(slug string) Tenant { return Tenant(Join(string(r), "t", slug)) }

// Tenant is the root of a tenant's pages: "/admin/t/acme".
type Tenant string

// To returns the path of a page of the tenant; without segments, of the overview.
func (t Tenant) To(segments ...string) string {
	if len(segments) == 0 {
		return string(t) + "/"
	}
	return Join(string(t), segments...)
}
