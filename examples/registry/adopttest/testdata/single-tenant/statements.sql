-- Statements of a client without tenants. The deployed version sends more; SINGLE_TENANT names the directory that has
-- them all.
PREPARE agent_get (text) AS SELECT id, instructions, labels, spec, version FROM agents WHERE name = $1;
PREPARE agent_list (text, int) AS SELECT name, version FROM agents WHERE name > $1 ORDER BY name LIMIT $2;
PREPARE agent_search (text) AS SELECT name FROM agents WHERE description ILIKE '%' || $1 || '%' ORDER BY name LIMIT 50;
PREPARE agent_put (text, text, text, jsonb) AS INSERT INTO agents (name, description, instructions, spec) VALUES ($1, $2, $3, $4)
  ON CONFLICT (name) DO UPDATE SET (description, instructions, spec) = ROW (excluded.description, excluded.instructions, excluded.spec) RETURNING id;
PREPARE agent_delete (text) AS DELETE FROM agents WHERE name = $1;
PREPARE agent_link_prompt (text, text, int) AS INSERT INTO agent_prompts
  SELECT agents.id, prompts.id, $3 FROM agents CROSS JOIN prompts WHERE (agents.name, prompts.name) = ($1, $2)
  ON CONFLICT (agent_id, prompt_id) DO UPDATE SET position = excluded.position;
PREPARE agent_prompts_of (text) AS SELECT prompts.name FROM agent_prompts JOIN prompts ON prompts.id = prompt_id
  WHERE agent_id = (SELECT id FROM agents WHERE name = $1) ORDER BY position;
PREPARE prompt_put (text, text, text) AS INSERT INTO prompts (name, description, template) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET template = excluded.template RETURNING version;
PREPARE server_put (text, text, jsonb) AS INSERT INTO mcp_servers (name, description, spec) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET spec = excluded.spec;
PREPARE model_put (text, text, text, text) AS INSERT INTO model_configs (name, provider, model, api_key) VALUES ($1, $2, $3, $4)
  ON CONFLICT (name) DO UPDATE SET model = excluded.model;
PREPARE rule_put (text, text, text, int) AS INSERT INTO trust_rules (name, effect, agent_id, priority)
  VALUES ($1, $2, (SELECT id FROM agents WHERE name = $3), $4) ON CONFLICT (name) DO UPDATE SET priority = excluded.priority;
PREPARE trigger_put (text, text, text, text) AS INSERT INTO triggers (name, type, schedule, agent_id)
  SELECT $1, $2, $3, id FROM agents WHERE name = $4 ON CONFLICT (name) DO UPDATE SET schedule = excluded.schedule;
PREPARE triggers_due (text) AS SELECT name, agent FROM enabled_triggers WHERE type = $1;
PREPARE key_check (bytea) AS SELECT is_admin FROM users WHERE id = (SELECT user_id FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL);
PREPARE key_used (uuid) AS UPDATE api_keys SET last_used_at = now() WHERE id = $1;
PREPARE audit_add (text, text, text, text, jsonb) AS INSERT INTO audit_log (actor, action, kind, name, details) VALUES ($1, $2, $3, $4, $5);
PREPARE audit_recent (int) AS SELECT at, actor, details FROM audit_log ORDER BY at DESC LIMIT $1;
PREPARE defaults_get AS SELECT trust_effect, (SELECT name FROM model_configs WHERE id = model_config_id) FROM registry_defaults;
PREPARE defaults_put (text, text) AS UPDATE registry_defaults SET trust_effect = $1, model_config_id = (SELECT id FROM model_configs WHERE name = $2);
