package kinds

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
)

// Adoption describes how a single-tenant database becomes multi-tenant, as far as
// the declared tables of the kinds don't say it: its other tables, its users and API
// keys, and the indexes and views of a fresh installation. Its SQL names no schema: sessions find
// the tables in the schema of the setting DATABASE_SCHEMA.
func Adoption() *adoption.Database {
	return &adoption.Database{
		// The old audit log belongs to the default tenant. It isn't a kind, so Tables
		// doesn't declare it.
		Owned: []string{"audit_log"},
		// The old key of registry_defaults was only_row, which addDefaultsID replaces.
		PrimaryKeys: map[string][]string{"registry_defaults": {"id"}},
		// The old trigger set version and updated_at, as the library's trigger does.
		ReplacedTriggers: []string{"touch"},
		// Deleting a referenced row searches the referring column, so each has an index. The
		// last index replaces an old one without tenant_id.
		Indexes: []adoption.Index{
			{Table: "agents", Name: "agents_model_config",
				Definition: "USING btree (tenant_id, model_config_id)"},
			{Table: "agents", Name: "agents_parent",
				Definition: "USING btree (tenant_id, parent_id)"},
			{Table: "agent_prompts", Name: "agent_prompts_prompt",
				Definition: "USING btree (tenant_id, prompt_id)"},
			{Table: "agent_mcp_servers", Name: "agent_mcp_servers_server",
				Definition: "USING btree (tenant_id, mcp_server_id)"},
			{Table: "trust_rules", Name: "trust_rules_agent",
				Definition: "USING btree (tenant_id, agent_id)"},
			{Table: "trust_rules", Name: "trust_rules_mcp_server",
				Definition: "USING btree (tenant_id, mcp_server_id)"},
			{Table: "triggers", Name: "triggers_agent",
				Definition: "USING btree (tenant_id, agent_id)"},
			{Table: "context_configs", Name: "context_configs_agent",
				Definition: "USING btree (tenant_id, agent_id)"},
			{Table: "triggers", Name: "triggers_enabled",
				Definition: "USING btree (tenant_id, type) WHERE enabled"},
		},
		// The view must join within the tenant and return tenant_id.
		Views: []adoption.View{
			{Name: "enabled_triggers",
				Definition: `SELECT t.id, t.name, t.type, t.schedule, a.name AS agent, t.tenant_id
    FROM triggers t JOIN agents a ON a.tenant_id = t.tenant_id AND a.id = t.agent_id
    WHERE t.enabled`}},
		Steps: []adoption.Step{addDefaultsID(), dropDefaultsKey(), dropTouchFunction()},
		Users: &adoption.Users{
			Table: "users", ID: "id", Email: "email", Name: "name", Password: "password_hash",
			Admin: "is_admin",
		},
		Keys: &adoption.Keys{
			Table: "api_keys", ID: "id", User: "user_id", Name: "name", Hash: "key_hash",
			CreatedAt: "created_at", LastUsedAt: "last_used_at", RevokedAt: "revoked_at",
		},
		// An adopted database has what this migration creates in an empty one.
		Baseline: "20261101000000",
	}
}

// hasColumn returns the SQL condition "registry_defaults has the column name".
func hasColumn(name string) string {
	return "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('registry_defaults')" +
		" AND attname = '" + name + "' AND attnum > 0 AND NOT attisdropped)"
}

// addDefaultsID turns the only row of the system-wide defaults into an item. The
// way down recreates the table if the contraction dropped its first column,
// because a column that is added again becomes the last one.
func addDefaultsID() adoption.Step {
	return adoption.Step{
		Name: "turn the defaults into an item", Phase: adoption.Expand,
		Done: hasColumn("id"), Undone: "NOT " + hasColumn("id") + " AND " + onlyRowIsFirstColumn,
		Up: "ALTER TABLE registry_defaults ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid()," +
			" ADD COLUMN labels jsonb NOT NULL DEFAULT '{}'",
		Down: `ALTER TABLE registry_defaults DROP COLUMN IF EXISTS id, DROP COLUMN IF EXISTS labels;
			DO $do$ BEGIN IF NOT (` + onlyRowIsFirstColumn + `) THEN ` + recreateDefaults +
			` END IF; END $do$`,
	}
}

// onlyRowIsFirstColumn is the SQL condition "the first column of registry_defaults is
// only_row", which holds until the contraction drops the column.
const onlyRowIsFirstColumn = "(SELECT attname FROM pg_attribute" +
	" WHERE attrelid = to_regclass('registry_defaults') AND attnum > 0 AND NOT attisdropped" +
	" ORDER BY attnum LIMIT 1) IS NOT DISTINCT FROM 'only_row'"

// recreateDefaults is the SQL that replaces registry_defaults by a table with the
// original order of columns, and keeps its rows.
const recreateDefaults = `
	CREATE TEMPORARY TABLE kept_defaults ON COMMIT DROP AS
	  SELECT only_row, trust_effect, model_config_id, context_config_id, spec, version, created_at, updated_at
	  FROM registry_defaults;
	DROP TABLE registry_defaults;
	CREATE TABLE registry_defaults (
	  only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	  trust_effect      text NOT NULL DEFAULT 'deny' CHECK (trust_effect IN ('allow', 'deny')),
	  model_config_id   uuid REFERENCES model_configs (id) ON DELETE RESTRICT,
	  context_config_id uuid REFERENCES context_configs (id) ON DELETE RESTRICT,
	  spec              jsonb NOT NULL DEFAULT '{}',
	  version           integer NOT NULL DEFAULT 1,
	  created_at        timestamptz NOT NULL DEFAULT now(),
	  updated_at        timestamptz NOT NULL DEFAULT now()
	);
	INSERT INTO registry_defaults SELECT * FROM kept_defaults;
	CREATE TRIGGER touch BEFORE UPDATE ON registry_defaults FOR EACH ROW EXECUTE FUNCTION touch();`

// dropDefaultsKey drops the column that allows only one row: each tenant gets its
// own row.
func dropDefaultsKey() adoption.Step {
	return adoption.Step{
		Name: "allow defaults for each tenant", Phase: adoption.Contract,
		Done: "NOT " + hasColumn("only_row"), Undone: hasColumn("only_row"),
		Up: "ALTER TABLE registry_defaults DROP COLUMN only_row",
		Down: "ALTER TABLE registry_defaults ADD COLUMN only_row boolean NOT NULL DEFAULT true" +
			" CHECK (only_row)",
	}
}

// dropTouchFunction drops the function of the old triggers, which the library's
// triggers have replaced.
func dropTouchFunction() adoption.Step {
	return adoption.Step{
		Name: "drop the old trigger function", Phase: adoption.Contract,
		Done:   "to_regprocedure('touch()') IS NULL OR " + touchUsedElsewhere,
		Undone: "to_regprocedure('touch()') IS NOT NULL",
		Up:     "DROP FUNCTION touch()",
		Down:   strings.TrimSpace(touchFunction), Lock: "none",
	}
}

// touchUsedElsewhere is the SQL condition that a trigger of another table needs the function, which
// then stays.
const touchUsedElsewhere = "EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regprocedure('touch()')" +
	" AND NOT EXISTS (SELECT FROM unnest(ARRAY['model_configs', 'prompts', 'mcp_servers', 'agents'," +
	" 'trust_rules', 'triggers', 'context_configs', 'registry_defaults']) n" +
	" WHERE tgrelid = to_regclass(n)))"

// touchFunction is the SQL of the single-tenant version's trigger function. It must be
// equal to the original text, because the way down restores the original catalog.
const touchFunction = `
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.updated_at := now();
  RETURN NEW;
END $$`
