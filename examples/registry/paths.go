package main

import (
	"net/url"
	"strings"
)

// tenantPath returns the path of a tenant's routes. The tenant is a slug or an id.
func tenantPath(tenant string) string { return "/api/v1/tenants/" + escapeSegment(tenant) }

// escapeSegment encodes a name as one segment of a path. It also encodes the names
// "." and "..", which would mean another path.
func escapeSegment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}
