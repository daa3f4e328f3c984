-- The registry's tables: those of the single-tenant version, made tenant-owned.
-- Every key begins with tenant_id. It is the last column of each table, as in a
-- database that was upgraded.

CREATE TABLE workspaces (
  id        serial,
  name      text NOT NULL,
  tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE model_configs (
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  workspace_id integer,
  name         text NOT NULL,
  labels       jsonb NOT NULL DEFAULT '{}',
  provider     text NOT NULL,
  model        text NOT NULL,
  api_key      text,                        -- the name of a secret
  spec         jsonb NOT NULL DEFAULT '{}', -- every other field
  version      integer NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  tenant_id    uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id)
);

CREATE TABLE prompts (
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  name        text NOT NULL,
  labels      jsonb NOT NULL DEFAULT '{}',
  description text NOT NULL DEFAULT '',
  template    text NOT NULL DEFAULT '',
  spec        jsonb NOT NULL DEFAULT '{}',
  version     integer NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  tenant_id   uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE mcp_servers (
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  name        text NOT NULL,
  labels      jsonb NOT NULL DEFAULT '{}',
  description text NOT NULL DEFAULT '',
  spec        jsonb NOT NULL DEFAULT '{}',
  version     integer NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  tenant_id   uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE agents (
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  name            text NOT NULL,
  labels          jsonb NOT NULL DEFAULT '{}',
  description     text NOT NULL DEFAULT '',
  instructions    text NOT NULL DEFAULT '',
  model_config_id uuid,
  parent_id       uuid, -- an agent may extend another
  spec            jsonb NOT NULL DEFAULT '{}',
  version         integer NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  tenant_id       uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  FOREIGN KEY (tenant_id, model_config_id) REFERENCES model_configs (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, parent_id) REFERENCES agents (tenant_id, id) ON DELETE RESTRICT
);

CREATE TABLE agent_prompts (
  agent_id  uuid NOT NULL,
  prompt_id uuid NOT NULL,
  position  integer NOT NULL,
  tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, agent_id, prompt_id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, prompt_id) REFERENCES prompts (tenant_id, id) ON DELETE RESTRICT
);

CREATE TABLE agent_mcp_servers (
  agent_id      uuid NOT NULL,
  mcp_server_id uuid NOT NULL,
  position      integer NOT NULL,
  tenant_id     uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, agent_id, mcp_server_id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, mcp_server_id) REFERENCES mcp_servers (tenant_id, id) ON DELETE RESTRICT
);

CREATE TABLE trust_rules (
  id            uuid NOT NULL DEFAULT gen_random_uuid(),
  workspace_id  integer,
  name          text NOT NULL,
  labels        jsonb NOT NULL DEFAULT '{}',
  effect        text NOT NULL CHECK (effect IN ('allow', 'deny')),
  agent_id      uuid, -- the subject: one of the two, or everything
  mcp_server_id uuid,
  priority      integer NOT NULL DEFAULT 0,
  spec          jsonb NOT NULL DEFAULT '{}',
  version       integer NOT NULL DEFAULT 1,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  tenant_id     uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  CHECK (num_nonnulls(agent_id, mcp_server_id) <= 1),
  FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, mcp_server_id) REFERENCES mcp_servers (tenant_id, id) ON DELETE RESTRICT
);

CREATE TABLE triggers (
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  workspace_id integer,
  name         text NOT NULL,
  labels       jsonb NOT NULL DEFAULT '{}',
  type         text NOT NULL CHECK (type IN ('schedule', 'webhook', 'event')),
  schedule     text,
  agent_id     uuid NOT NULL,
  enabled      boolean NOT NULL DEFAULT true,
  spec         jsonb NOT NULL DEFAULT '{}',
  version      integer NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  tenant_id    uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id) ON DELETE RESTRICT
);

CREATE TABLE context_configs (
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  workspace_id integer,
  name         text NOT NULL,
  labels       jsonb NOT NULL DEFAULT '{}',
  agent_id     uuid,
  max_tokens   integer,
  spec         jsonb NOT NULL DEFAULT '{}',
  version      integer NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  tenant_id    uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id) ON DELETE RESTRICT
);

-- The defaults, which used to be system-wide: one row for each tenant.
CREATE TABLE registry_defaults (
  trust_effect      text NOT NULL DEFAULT 'deny' CHECK (trust_effect IN ('allow', 'deny')),
  model_config_id   uuid,
  context_config_id uuid,
  spec              jsonb NOT NULL DEFAULT '{}',
  version           integer NOT NULL DEFAULT 1,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(),
  id                uuid NOT NULL DEFAULT gen_random_uuid(),
  labels            jsonb NOT NULL DEFAULT '{}',
  tenant_id         uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id),
  FOREIGN KEY (tenant_id, model_config_id) REFERENCES model_configs (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, context_config_id) REFERENCES context_configs (tenant_id, id) ON DELETE RESTRICT
);
INSERT INTO registry_defaults (tenant_id) SELECT id FROM bailiwick.tenants;

-- Deleting a row searches the referring side of each foreign key.
CREATE INDEX agents_model_config ON agents (tenant_id, model_config_id);
CREATE INDEX agents_parent ON agents (tenant_id, parent_id);
CREATE INDEX agent_prompts_prompt ON agent_prompts (tenant_id, prompt_id);
CREATE INDEX agent_mcp_servers_server ON agent_mcp_servers (tenant_id, mcp_server_id);
CREATE INDEX trust_rules_agent ON trust_rules (tenant_id, agent_id);
CREATE INDEX trust_rules_mcp_server ON trust_rules (tenant_id, mcp_server_id);
CREATE INDEX triggers_agent ON triggers (tenant_id, agent_id);
CREATE INDEX context_configs_agent ON context_configs (tenant_id, agent_id);
CREATE INDEX agents_labels ON agents USING gin (labels);
CREATE INDEX mcp_servers_labels ON mcp_servers USING gin (labels);
CREATE UNIQUE INDEX agents_name_ci ON agents (tenant_id, lower(name));
CREATE INDEX triggers_enabled ON triggers (tenant_id, type) WHERE enabled;

CREATE VIEW enabled_triggers AS
  SELECT t.id, t.name, t.type, t.schedule, a.name AS agent, t.tenant_id
    FROM triggers t JOIN agents a ON a.tenant_id = t.tenant_id AND a.id = t.agent_id WHERE t.enabled;

-- By default a view reads with its owner's rights. PostgreSQL 15 and newer can use
-- the caller's rights instead. No role is granted this view.
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    ALTER VIEW enabled_triggers SET (security_invoker = true);
  END IF;
END $$;
