package apiclient

import (
	"net/url"
	"strings"
)

// TenantPath returns the path of a tenant's routes. The tenant is a slug or an id.
func TenantPath(tenant string) string { return "/api/v1/tenants/" + EscapeSegment(tenant) }

// EscapeSegment encodes a name as one segment of a path. It also encodes the names
// "." and "..", which would mean another path.
func EscapeSegment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}
