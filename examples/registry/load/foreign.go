package load

import (
	"encoding/json"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// officialMeta is the key under which a registry puts its own statement about a server.
const officialMeta = "io.modelcontextprotocol.registry/official"

// isServerEntry reports whether the members are those of an entry in a list of the MCP registry:
// {"server": …, "_meta": …}.
func isServerEntry(m members) bool {
	_, hasName := m["name"]
	return !hasName && isObject(m["server"])
}

// inferKind returns the kind that the shape of a row tells; empty if none.
func inferKind(m members) string {
	has := func(name string) bool { _, ok := m[name]; return ok }
	switch {
	case isServerEntry(m), strings.Contains(textOf(m["$schema"]), "server.schema.json"),
		isArray(m["packages"]), isArray(m["remotes"]), isObject(m["version_detail"]):
		return "mcp_server"
	case isArray(m["skills"]) && (has("capabilities") || has("defaultInputModes") || has("url")):
		return "agent"
	}
	return ""
}

// isCard reports whether the members are those of an A2A agent card.
func isCard(m members) bool { return inferKind(m) == "agent" }

// unwrapServer returns the members of the server in an entry of the MCP registry, and when it
// was published. What the registry says about the server isn't part of it.
func unwrapServer(m members) (server members, published string, err error) {
	if !isServerEntry(m) {
		return m, "", nil
	}
	if json.Unmarshal(m["server"], &server) != nil {
		return nil, "", tenancy.Errorf(tenancy.CodeInvalid, "the member server must be an object")
	}
	var meta map[string]struct {
		PublishedAt string `json:"publishedAt"`
	}
	if json.Unmarshal(m["_meta"], &meta) == nil {
		published = meta[officialMeta].PublishedAt
	}
	return server, published, nil
}

// fromCard parses an A2A agent card. Its url is the endpoint of the agent; every member is part
// of the spec.
func (r *row) fromCard(m members) error {
	r.Body.Spec = m
	if _, has := m["endpoint"]; has {
		return nil
	}
	if url, has := m["url"]; has {
		m["endpoint"] = url
		return nil
	}
	var interfaces []members
	if json.Unmarshal(m["supportedInterfaces"], &interfaces) == nil && len(interfaces) > 0 {
		if url, has := interfaces[0]["url"]; has {
			m["endpoint"] = url
		}
	}
	return nil
}
