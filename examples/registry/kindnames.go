package main

import "strings"

// loadOrder lists all kinds in the order in which a directory is loaded: referenced
// kinds come before the kinds that refer to them.
var loadOrder = []string{
	"model_config", "prompt", "mcp_server", "agent", "context_config", "trust_rule", "trigger",
	"defaults",
}

// kindPath returns a kind's path segment in URLs.
func kindPath(kind string) string {
	if kind == "defaults" {
		return kind
	}
	return strings.ReplaceAll(kind, "_", "-") + "s"
}

// parseKind parses a kind's name or its path segment.
func parseKind(s string) (string, bool) {
	for _, kind := range loadOrder {
		if s == kind || s == kindPath(kind) {
			return kind, true
		}
	}
	return "", false
}
