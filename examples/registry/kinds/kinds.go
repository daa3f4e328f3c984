// Package kinds declares the registry's kinds: the tables, the migrations that create them,
// the adoption of the single-tenant version's schema, and the names in URLs and files.
package kinds

import (
	"embed"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
)

// These are the models of the registry's own tables. They leave out the columns
// that every kind has, because the library knows those.

// modelConfigRow is a model of a provider. APIKey is the name of a secret; the vault
// stores the value.
type modelConfigRow struct {
	bun.BaseModel `bun:"table:model_configs"`

	WorkspaceID *int32  `bun:"workspace_id"`
	Provider    string  `bun:"provider,type:text,notnull"`
	Model       string  `bun:"model,type:text,notnull"`
	APIKey      *string `bun:"api_key,type:text"`
}

// promptRow is a prompt template.
type promptRow struct {
	bun.BaseModel `bun:"table:prompts"`

	Description string `bun:"description,type:text,notnull,default:''"`
	Template    string `bun:"template,type:text,notnull,default:''"`
}

// mcpServerRow is an MCP server. The rest of its server.json is in the column spec.
type mcpServerRow struct {
	bun.BaseModel `bun:"table:mcp_servers"`

	Description string `bun:"description,type:text,notnull,default:''"`
}

// agentRow is an agent. Its prompts and MCP servers are in join tables, which keep their
// order.
type agentRow struct {
	bun.BaseModel `bun:"table:agents"`

	Description   string     `bun:"description,type:text,notnull,default:''"`
	Instructions  string     `bun:"instructions,type:text,notnull,default:''"`
	ModelConfigID *uuid.UUID `bun:"model_config_id,type:uuid"`
	ParentID      *uuid.UUID `bun:"parent_id,type:uuid"`
}

// trustRuleRow allows or denies an action. Its subject is the agent or the server; with
// neither, the rule is for everything.
type trustRuleRow struct {
	bun.BaseModel `bun:"table:trust_rules"`

	WorkspaceID *int32     `bun:"workspace_id"`
	Effect      string     `bun:"effect,type:text,notnull" enum:"allow,deny"`
	AgentID     *uuid.UUID `bun:"agent_id,type:uuid"`
	MCPServerID *uuid.UUID `bun:"mcp_server_id,type:uuid"`
	Priority    int32      `bun:"priority,notnull,default:0"`
}

// triggerRow starts an agent on a schedule, by a webhook or on an event.
type triggerRow struct {
	bun.BaseModel `bun:"table:triggers"`

	WorkspaceID *int32    `bun:"workspace_id"`
	Type        string    `bun:"type,type:text,notnull" enum:"schedule,webhook,event"`
	Schedule    *string   `bun:"schedule,type:text"`
	AgentID     uuid.UUID `bun:"agent_id,type:uuid,notnull"`
	Enabled     bool      `bun:"enabled,notnull,default:true"`
}

// contextConfigRow is the context that an agent gets.
type contextConfigRow struct {
	bun.BaseModel `bun:"table:context_configs"`

	WorkspaceID *int32     `bun:"workspace_id"`
	AgentID     *uuid.UUID `bun:"agent_id,type:uuid"`
	MaxTokens   *int32     `bun:"max_tokens"`
}

// registryDefaultsRow holds the defaults of a tenant, one row for each tenant.
type registryDefaultsRow struct {
	bun.BaseModel `bun:"table:registry_defaults"`

	TrustEffect     string     `bun:"trust_effect,type:text,notnull,default:'deny'" enum:"allow,deny"`
	ModelConfigID   *uuid.UUID `bun:"model_config_id,type:uuid"`
	ContextConfigID *uuid.UUID `bun:"context_config_id,type:uuid"`
}

// workspaceReference is the workspace of an item, which some kinds have. Specs hold
// the workspace's name; a separate table stores the names.
var workspaceReference = postgres.Reference{Field: "workspace", Column: "workspace_id",
	Lookup: &postgres.Lookup{Table: "workspaces"}}

// secretMembers are the members of an input that may have its value.
var secretMembers = []string{"value", "default", "choices"}

// Tables declares the tables of the registry's kinds. From this declaration the library
// derives row security, routes, export, import and the checks of references.
func Tables() []postgres.Table {
	return []postgres.Table{
		{
			Model: (*modelConfigRow)(nil), Kind: "model_config",
			References: []postgres.Reference{workspaceReference},
			Secrets:    []string{"api_key"},
		},
		{Model: (*promptRow)(nil), Kind: "prompt"},
		{
			// Inputs of a server.json are headers, arguments and variables. The first schemas of
			// the MCP registry wrote names with underscores.
			Model: (*mcpServerRow)(nil), Kind: "mcp_server",
			MarkedSecrets: []federation.MarkedSecret{
				{Marker: "isSecret", Members: secretMembers},
				{Marker: "is_secret", Members: secretMembers},
			},
		},
		{
			Model: (*agentRow)(nil), Kind: "agent",
			References: []postgres.Reference{
				// A reference to the same table: an agent extends another one.
				{Field: "extends", Kind: "agent", Column: "parent_id"},
				{Field: "model_config", Kind: "model_config", Column: "model_config_id"},
				// Lists of references are in join tables, which store the position.
				{Field: "prompts", Kind: "prompt", Join: &postgres.Join{Table: "agent_prompts",
					From: "agent_id", To: "prompt_id", Position: "position"}},
				{Field: "mcp_servers", Kind: "mcp_server",
					Join: &postgres.Join{Table: "agent_mcp_servers", From: "agent_id",
						To: "mcp_server_id", Position: "position"}},
			},
		},
		{
			Model: (*trustRuleRow)(nil), Kind: "trust_rule",
			References: []postgres.Reference{
				workspaceReference,
				// A reference to one of several kinds, with a column for each kind.
				{Field: "subject", Columns: map[string]string{"agent": "agent_id",
					"mcp_server": "mcp_server_id"}},
			},
		},
		{
			Model: (*triggerRow)(nil), Kind: "trigger",
			References: []postgres.Reference{
				workspaceReference, {Field: "agent", Kind: "agent", Column: "agent_id"}},
		},
		{
			Model: (*contextConfigRow)(nil), Kind: "context_config",
			References: []postgres.Reference{
				workspaceReference, {Field: "agent", Kind: "agent", Column: "agent_id"}},
		},
		{
			// Every tenant has exactly one item, named default.
			Model: (*registryDefaultsRow)(nil), Kind: "defaults", Path: "defaults",
			Singleton: "default",
			References: []postgres.Reference{
				{Field: "model_config", Kind: "model_config", Column: "model_config_id"},
				{Field: "context_config", Kind: "context_config", Column: "context_config_id"},
			},
		},
	}
}

//go:embed schema/*.sql
var schemaFiles embed.FS

// Migrations returns the migrations that create the registry's tables.
func Migrations() (*migrate.Migrations, error) {
	m := migrate.NewMigrations()
	return m, m.Discover(schemaFiles)
}
