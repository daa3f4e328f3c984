package apitest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Kinds returns kinds that use every feature of a declaration.
func Kinds() *federation.Kinds {
	zero, thousand := int64(0), int64(1000)
	kinds, err := federation.NewKinds(
		federation.Kind{
			Name: "agent",
			Fields: []federation.Field{
				{Name: "description", Type: federation.String},
				{Name: "endpoint", Type: federation.String},
				{Name: "tools", Type: federation.Array},
			},
			References: []federation.Reference{
				{Field: "extends", Kinds: []string{"agent"}},
				{Field: "model_config", Kinds: []string{"model_config"}},
				{Field: "prompts", Kinds: []string{"prompt"}, Many: true},
			},
		},
		federation.Kind{Name: "prompt", Fields: []federation.Field{
			{Name: "description", Type: federation.String},
			{Name: "template", Type: federation.String, Required: true},
		}},
		federation.Kind{Name: "mcp_server", Fields: []federation.Field{
			{Name: "description", Type: federation.String},
			{Name: "packages", Type: federation.Array},
		}},
		federation.Kind{Name: "model_config", Fields: []federation.Field{
			{Name: "provider", Type: federation.String},
			{Name: "api_key", Type: federation.String, Secret: true},
			{Name: "parameters", Type: federation.Object},
		}},
		federation.Kind{
			Name: "trust_rule",
			Fields: []federation.Field{
				{Name: "effect", Type: federation.String, Enum: []string{"allow", "deny"},
					Required: true},
				{Name: "priority", Type: federation.Integer, Minimum: &zero, Maximum: &thousand,
					Default: json.RawMessage(`100`)},
			},
			References: []federation.Reference{
				{Field: "subject", Kinds: []string{"agent", "mcp_server"}}},
		},
		federation.Kind{
			Name: "defaults", Path: "defaults", Singleton: "default",
			Fields: []federation.Field{
				{Name: "trust_effect", Type: federation.String, Enum: []string{"allow", "deny"}}},
			References: []federation.Reference{
				{Field: "model_config", Kinds: []string{"model_config"}}},
		},
	)
	if err != nil {
		panic(err)
	}
	return kinds
}

// discoveryLists shows agents and MCP servers. No kind declares the field remotes.
func discoveryLists() []httpapi.Discovery {
	return []httpapi.Discovery{
		{Kind: "agent", Member: "agents", Fields: []string{"description", "endpoint"}},
		{Kind: "mcp_server", Member: "mcp_servers",
			Fields: []string{"description", "packages", "remotes"}},
	}
}

// PromptBody is the body of a PUT of a prompt.
const PromptBody = `{"spec":{"template":"Hello {name}"}}`

// WriteTenant is a host's handler: it writes the tenant in the context, the error of
// reading it and whether the context has a request id.
func WriteTenant(w http.ResponseWriter, r *http.Request) {
	id, err := tenancy.FromContext(r.Context())
	fmt.Fprint(w, id, err, httpapi.RequestID(r.Context()) != "")
}
