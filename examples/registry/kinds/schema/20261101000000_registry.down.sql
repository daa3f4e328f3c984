DROP VIEW enabled_triggers;
DROP TABLE registry_defaults, context_configs, triggers, trust_rules, agent_mcp_servers, agent_prompts, agents, mcp_servers, prompts, model_configs, workspaces;
