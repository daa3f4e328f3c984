-- The tenant that the statement under way is scoped to; NULL when it is to
-- none, so that no row matches. STABLE: one value for a whole statement, and
-- never cached with a plan, as IMMUTABLE would be. plpgsql, since the body of
-- an SQL function is parsed again by each statement that it is planned into; and
-- every name with its schema, since SET search_path costs more than the rest.
CREATE FUNCTION bailiwick.current_tenant() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$ BEGIN
  RETURN CASE WHEN pg_catalog.current_setting('bailiwick.tenant', true) OPERATOR(pg_catalog.<>) ''
              THEN pg_catalog.current_setting('bailiwick.tenant', true)::pg_catalog.uuid END;
END $$;

-- Every change of a row counts. A greater version may be given, together with
-- its time: that is how an import keeps what the source said.
CREATE FUNCTION bailiwick.touch() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
  IF NEW.version IS NULL OR NEW.version <= OLD.version THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
  END IF;
  NEW.created_at := OLD.created_at;
  RETURN NEW;
END $$;

CREATE TABLE bailiwick.instance (
  id             uuid NOT NULL DEFAULT gen_random_uuid(),
  platform_token bytea CHECK (octet_length(platform_token) = 32), -- SHA-256 of the token
  only_row       boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);
INSERT INTO bailiwick.instance DEFAULT VALUES;

CREATE TABLE bailiwick.tenants (
  id         uuid PRIMARY KEY,
  slug       text COLLATE "C" NOT NULL UNIQUE,
  name       text NOT NULL,
  state      text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'deleted')),
  is_active  boolean NOT NULL GENERATED ALWAYS AS (state = 'active') STORED,
  settings   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
  version    bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz CHECK ((deleted_at IS NOT NULL) = (state = 'deleted'))
);

CREATE TABLE bailiwick.api_keys (
  tenant_id    uuid NOT NULL DEFAULT bailiwick.current_tenant() REFERENCES bailiwick.tenants (id),
  id           uuid NOT NULL UNIQUE,
  name         text NOT NULL,
  role         text NOT NULL CHECK (role IN ('viewer', 'editor', 'admin', 'replicator')),
  hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32), -- SHA-256 of the secret
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  last_used_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);

-- Secret values, sealed by the application (AES-256-GCM): the database never
-- sees one.
CREATE TABLE bailiwick.secrets (
  tenant_id  uuid NOT NULL DEFAULT bailiwick.current_tenant() REFERENCES bailiwick.tenants (id),
  name       text NOT NULL,
  sealed     bytea NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, name)
);

-- Where an import's items stand between the bundle and their tables. COPY FROM
-- doesn't work on a table with row security, so this one has none: the
-- application may only add to it, and reads its own tenant's rows through the
-- view below. Rows live within the import's transaction.
CREATE UNLOGGED TABLE bailiwick.import_items (
  tenant_id  uuid NOT NULL DEFAULT bailiwick.current_tenant(),
  import     uuid NOT NULL,
  kind       text NOT NULL,
  name       text NOT NULL,
  labels     text NOT NULL,
  spec       text NOT NULL, -- canonical JSON
  digest     text NOT NULL,
  version    bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  id         uuid NOT NULL, -- of the row, if one is created
  target     uuid,          -- the row that the tenant has under the name
  chosen     boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX import_items_ref ON bailiwick.import_items (tenant_id, import, kind COLLATE "C", name COLLATE "C");

CREATE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = bailiwick.current_tenant();

-- Whose key is this? Asked before any tenant is known, so it reads past the
-- policy, and answers nothing but the one row. The use is noted to the minute.
CREATE FUNCTION bailiwick.find_key(wanted bytea)
RETURNS TABLE (tenant_id uuid, id uuid, name text, role text, created_at timestamptz, expires_at timestamptz, last_used_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE bailiwick.api_keys AS k SET last_used_at = date_trunc('minute', now())
   WHERE k.hash = wanted AND k.last_used_at IS DISTINCT FROM date_trunc('minute', now());
  RETURN QUERY
    SELECT k.tenant_id, k.id, k.name, k.role, k.created_at, k.expires_at, k.last_used_at
      FROM bailiwick.api_keys k JOIN bailiwick.tenants t ON t.id = k.tenant_id
     WHERE k.hash = wanted AND t.state <> 'deleted';
END $$;
REVOKE ALL ON FUNCTION bailiwick.find_key(bytea) FROM PUBLIC;

-- Row security without FORCE: the owner only migrates, and find_key reads as
-- the owner.
ALTER TABLE bailiwick.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE bailiwick.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE bailiwick.secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY bailiwick_tenant ON bailiwick.tenants FOR SELECT USING (id = (SELECT bailiwick.current_tenant()));
CREATE POLICY bailiwick_tenant ON bailiwick.api_keys
  USING (tenant_id = (SELECT bailiwick.current_tenant())) WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));
CREATE POLICY bailiwick_tenant ON bailiwick.secrets
  USING (tenant_id = (SELECT bailiwick.current_tenant())) WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));

INSERT INTO bailiwick.tenants (id, slug, name) VALUES ('01900000-0000-7000-8000-000000000000', 'default', 'Default');
