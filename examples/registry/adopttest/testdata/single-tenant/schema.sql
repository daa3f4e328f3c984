-- The registry's tables before it had tenants, as pg_dump writes them. An upgrade starts from this schema.
CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.updated_at := now();
  RETURN NEW;
END $$;
CREATE TABLE public.agent_mcp_servers (
    agent_id uuid NOT NULL,
    mcp_server_id uuid NOT NULL,
    "position" integer NOT NULL
);
CREATE TABLE public.agent_prompts (
    agent_id uuid NOT NULL,
    prompt_id uuid NOT NULL,
    "position" integer NOT NULL
);
CREATE TABLE public.agents (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    instructions text DEFAULT ''::text NOT NULL,
    model_config_id uuid,
    parent_id uuid,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.api_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    kind text,
    name text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL
)
PARTITION BY RANGE (at);
ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.audit_log_next (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    kind text,
    name text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL
);
CREATE TABLE public.audit_log_past (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    kind text,
    name text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL
);
CREATE TABLE public.context_configs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    workspace_id integer,
    name text NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    agent_id uuid,
    max_tokens integer,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.triggers (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    workspace_id integer,
    name text NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    type text NOT NULL,
    schedule text,
    agent_id uuid NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT triggers_type_check CHECK ((type = ANY (ARRAY['schedule'::text, 'webhook'::text, 'event'::text])))
);
CREATE VIEW public.enabled_triggers AS
 SELECT t.id,
    t.name,
    t.type,
    t.schedule,
    a.name AS agent
   FROM (public.triggers t
     JOIN public.agents a ON ((a.id = t.agent_id)))
  WHERE t.enabled;
CREATE TABLE public.mcp_servers (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.model_configs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    workspace_id integer,
    name text NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    api_key text,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.prompts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    template text DEFAULT ''::text NOT NULL,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.registry_defaults (
    only_row boolean DEFAULT true NOT NULL,
    trust_effect text DEFAULT 'deny'::text NOT NULL,
    model_config_id uuid,
    context_config_id uuid,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT registry_defaults_only_row_check CHECK (only_row),
    CONSTRAINT registry_defaults_trust_effect_check CHECK ((trust_effect = ANY (ARRAY['allow'::text, 'deny'::text])))
);
CREATE TABLE public.trust_rules (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    workspace_id integer,
    name text NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    effect text NOT NULL,
    agent_id uuid,
    mcp_server_id uuid,
    priority integer DEFAULT 0 NOT NULL,
    spec jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT trust_rules_check CHECK ((num_nonnulls(agent_id, mcp_server_id) <= 1)),
    CONSTRAINT trust_rules_effect_check CHECK ((effect = ANY (ARRAY['allow'::text, 'deny'::text])))
);
CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text,
    is_admin boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.workspaces (
    id integer NOT NULL,
    name text NOT NULL
);
CREATE SEQUENCE public.workspaces_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.workspaces_id_seq OWNED BY public.workspaces.id;
ALTER TABLE ONLY public.audit_log ATTACH PARTITION public.audit_log_next FOR VALUES FROM ('2027-01-01 00:00:00+00') TO (MAXVALUE);
ALTER TABLE ONLY public.audit_log ATTACH PARTITION public.audit_log_past FOR VALUES FROM (MINVALUE) TO ('2027-01-01 00:00:00+00');
ALTER TABLE ONLY public.workspaces ALTER COLUMN id SET DEFAULT nextval('public.workspaces_id_seq'::regclass);
ALTER TABLE ONLY public.agent_mcp_servers
    ADD CONSTRAINT agent_mcp_servers_pkey PRIMARY KEY (agent_id, mcp_server_id);
ALTER TABLE ONLY public.agent_prompts
    ADD CONSTRAINT agent_prompts_pkey PRIMARY KEY (agent_id, prompt_id);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_name_key UNIQUE (name);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (at, id);
ALTER TABLE ONLY public.audit_log_next
    ADD CONSTRAINT audit_log_next_pkey PRIMARY KEY (at, id);
ALTER TABLE ONLY public.audit_log_past
    ADD CONSTRAINT audit_log_past_pkey PRIMARY KEY (at, id);
ALTER TABLE ONLY public.context_configs
    ADD CONSTRAINT context_configs_name_key UNIQUE (name);
ALTER TABLE ONLY public.context_configs
    ADD CONSTRAINT context_configs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.mcp_servers
    ADD CONSTRAINT mcp_servers_name_key UNIQUE (name);
ALTER TABLE ONLY public.mcp_servers
    ADD CONSTRAINT mcp_servers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.model_configs
    ADD CONSTRAINT model_configs_name_key UNIQUE (name);
ALTER TABLE ONLY public.model_configs
    ADD CONSTRAINT model_configs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.prompts
    ADD CONSTRAINT prompts_name_key UNIQUE (name);
ALTER TABLE ONLY public.prompts
    ADD CONSTRAINT prompts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.registry_defaults
    ADD CONSTRAINT registry_defaults_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY public.triggers
    ADD CONSTRAINT triggers_name_key UNIQUE (name);
ALTER TABLE ONLY public.triggers
    ADD CONSTRAINT triggers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.trust_rules
    ADD CONSTRAINT trust_rules_name_key UNIQUE (name);
ALTER TABLE ONLY public.trust_rules
    ADD CONSTRAINT trust_rules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.workspaces
    ADD CONSTRAINT workspaces_name_key UNIQUE (name);
ALTER TABLE ONLY public.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);
CREATE INDEX agents_labels ON public.agents USING gin (labels);
CREATE UNIQUE INDEX agents_name_ci ON public.agents USING btree (lower(name));
CREATE INDEX mcp_servers_labels ON public.mcp_servers USING gin (labels);
CREATE INDEX triggers_enabled ON public.triggers USING btree (type) WHERE enabled;
ALTER INDEX public.audit_log_pkey ATTACH PARTITION public.audit_log_next_pkey;
ALTER INDEX public.audit_log_pkey ATTACH PARTITION public.audit_log_past_pkey;
CREATE TRIGGER touch BEFORE UPDATE ON public.agents FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER touch BEFORE UPDATE ON public.context_configs FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER touch BEFORE UPDATE ON public.mcp_servers FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER touch BEFORE UPDATE ON public.model_configs FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER touch BEFORE UPDATE ON public.prompts FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER touch BEFORE UPDATE ON public.registry_defaults FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER touch BEFORE UPDATE ON public.triggers FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER touch BEFORE UPDATE ON public.trust_rules FOR EACH ROW EXECUTE FUNCTION public.touch();
ALTER TABLE ONLY public.agent_mcp_servers
    ADD CONSTRAINT agent_mcp_servers_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.agent_mcp_servers
    ADD CONSTRAINT agent_mcp_servers_mcp_server_id_fkey FOREIGN KEY (mcp_server_id) REFERENCES public.mcp_servers(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.agent_prompts
    ADD CONSTRAINT agent_prompts_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.agent_prompts
    ADD CONSTRAINT agent_prompts_prompt_id_fkey FOREIGN KEY (prompt_id) REFERENCES public.prompts(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_model_config_id_fkey FOREIGN KEY (model_config_id) REFERENCES public.model_configs(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.agents(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.context_configs
    ADD CONSTRAINT context_configs_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.context_configs
    ADD CONSTRAINT context_configs_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);
ALTER TABLE ONLY public.model_configs
    ADD CONSTRAINT model_configs_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);
ALTER TABLE ONLY public.registry_defaults
    ADD CONSTRAINT registry_defaults_context_config_id_fkey FOREIGN KEY (context_config_id) REFERENCES public.context_configs(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.registry_defaults
    ADD CONSTRAINT registry_defaults_model_config_id_fkey FOREIGN KEY (model_config_id) REFERENCES public.model_configs(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.triggers
    ADD CONSTRAINT triggers_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.triggers
    ADD CONSTRAINT triggers_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);
ALTER TABLE ONLY public.trust_rules
    ADD CONSTRAINT trust_rules_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.agents(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.trust_rules
    ADD CONSTRAINT trust_rules_mcp_server_id_fkey FOREIGN KEY (mcp_server_id) REFERENCES public.mcp_servers(id) ON DELETE RESTRICT;
ALTER TABLE ONLY public.trust_rules
    ADD CONSTRAINT trust_rules_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES public.workspaces(id);
INSERT INTO registry_defaults DEFAULT VALUES;
