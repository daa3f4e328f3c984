-- A small installation of the single-tenant version.
INSERT INTO users (email, name, password_hash, is_admin) VALUES
  ('root@example.com', 'Root', '$argon2id$root', true), ('ed@example.com', 'Ed', '$argon2id$ed', false), ('Ed@example.com', 'Another Ed', NULL, false);
INSERT INTO api_keys (user_id, name, key_hash, revoked_at)
  SELECT id, 'key of ' || email, sha256(convert_to('old-key-of-' || email, 'UTF8')), NULL FROM users;
INSERT INTO api_keys (user_id, name, key_hash, revoked_at)
  SELECT id, 'revoked', sha256('revoked'), now() FROM users WHERE email = 'ed@example.com';
INSERT INTO workspaces (name) VALUES ('research'), ('sales');
INSERT INTO model_configs (workspace_id, name, provider, model) VALUES (1, 'fast', 'p', 'm-1'), (NULL, 'slow', 'p', 'm-2');
UPDATE model_configs SET api_key = 'sk-in-clear' WHERE name = 'slow';
INSERT INTO prompts (name, description, template) SELECT 'prompt-' || i, 'prompt ' || i, 'template ' || i FROM generate_series(1, 20) i;
INSERT INTO mcp_servers (name, description, spec) SELECT 'io.example/server-' || i, 'server ' || i, '{"packages": []}' FROM generate_series(1, 20) i;
INSERT INTO agents (name, description, instructions, labels, model_config_id)
  SELECT 'agent-' || i, 'agent ' || i, 'do ' || i, jsonb_build_object('team', 't' || i % 3), (SELECT id FROM model_configs WHERE name = 'fast') FROM generate_series(1, 50) i;
UPDATE agents SET parent_id = (SELECT id FROM agents WHERE name = 'agent-1') WHERE name IN ('agent-2', 'agent-3');
INSERT INTO agent_prompts SELECT a.id, p.id, 0 FROM agents a JOIN prompts p ON p.name = 'prompt-' || substr(a.name, 7);
INSERT INTO agent_mcp_servers SELECT a.id, s.id, 0 FROM agents a JOIN mcp_servers s ON s.name = 'io.example/server-' || substr(a.name, 7);
INSERT INTO trust_rules (name, effect, agent_id) SELECT 'rule-' || name, 'allow', id FROM agents WHERE name LIKE 'agent-1%';
INSERT INTO triggers (workspace_id, name, type, schedule, agent_id) SELECT 2, 'trigger-' || name, 'schedule', '@daily', id FROM agents WHERE name LIKE 'agent-2%';
INSERT INTO context_configs (name, agent_id, max_tokens) SELECT 'context-' || name, id, 1000 FROM agents WHERE name LIKE 'agent-3%';
UPDATE registry_defaults SET trust_effect = 'allow', model_config_id = (SELECT id FROM model_configs WHERE name = 'fast');
INSERT INTO audit_log (at, actor, action, kind, name) SELECT timestamptz '2026-12-31' + i * interval '1 hour', 'root', 'put', 'agent', 'agent-' || i FROM generate_series(1, 50) i;
