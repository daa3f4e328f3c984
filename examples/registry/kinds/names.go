package kinds

import "strings"

// Order lists all kinds in the order in which a directory is loaded: referenced
// kinds come before the kinds that refer to them.
var Order = []string{
	"model_config", "prompt", "mcp_server", "agent", "context_config", "trust_rule", "trigger",
	"defaults",
}

// Path returns a kind's path segment in URLs.
func Path(kind string) string {
	if kind == "defaults" {
		return kind
	}
	return strings.ReplaceAll(kind, "_", "-") + "s"
}

// Parse parses a kind's name or its path segment.
func Parse(s string) (string, bool) {
	for _, kind := range Order {
		if s == kind || s == Path(kind) {
			return kind, true
		}
	}
	return "", false
}
