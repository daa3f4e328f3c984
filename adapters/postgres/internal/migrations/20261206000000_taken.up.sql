-- What a tenant has taken from other tenants. An import compares three contents: what the source has,
-- what the tenant has, and what it took from there the last time, its base.

-- The tenants from which items were imported. instance is the id that the source's installation gives
-- itself, tenant the slug there: what a bundle says, which nothing here has to know.
CREATE TABLE bailiwick.sources (
  tenant_id uuid NOT NULL DEFAULT bailiwick.current_tenant() REFERENCES bailiwick.tenants (id),
  id        uuid NOT NULL,
  instance  text COLLATE "C" NOT NULL,
  tenant    text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, instance, tenant)
);

-- Each content once, by the digest of kind, name, labels and spec. A row never changes, and goes with
-- the last one that refers to it.
CREATE TABLE bailiwick.contents (
  tenant_id uuid NOT NULL DEFAULT bailiwick.current_tenant() REFERENCES bailiwick.tenants (id),
  digest    text COLLATE "C" NOT NULL,
  kind      text NOT NULL,
  name      text NOT NULL,
  labels    text NOT NULL, -- canonical JSON, as the spec
  spec      text NOT NULL,
  PRIMARY KEY (tenant_id, digest)
);

-- The base of each item, by its kind and name in the source. local_name is its name here, which the
-- content has too, as its references have the names that they have here. The digest is not a foreign
-- key, whose check would cost an import of many items a look for each: one statement writes both.
CREATE TABLE bailiwick.bases (
  tenant_id  uuid NOT NULL DEFAULT bailiwick.current_tenant(),
  source     uuid NOT NULL,
  kind       text COLLATE "C" NOT NULL,
  name       text COLLATE "C" NOT NULL,
  local_name text COLLATE "C" NOT NULL,
  digest     text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, source, kind, name),
  FOREIGN KEY (tenant_id, source) REFERENCES bailiwick.sources (tenant_id, id)
);
CREATE INDEX bases_local_name ON bailiwick.bases (tenant_id, kind, local_name);
CREATE INDEX bases_digest ON bailiwick.bases (tenant_id, digest);

ALTER TABLE bailiwick.sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE bailiwick.contents ENABLE ROW LEVEL SECURITY;
ALTER TABLE bailiwick.bases ENABLE ROW LEVEL SECURITY;
CREATE POLICY bailiwick_tenant ON bailiwick.sources
  USING (tenant_id = (SELECT bailiwick.current_tenant())) WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));
CREATE POLICY bailiwick_tenant ON bailiwick.contents
  USING (tenant_id = (SELECT bailiwick.current_tenant())) WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));
CREATE POLICY bailiwick_tenant ON bailiwick.bases
  USING (tenant_id = (SELECT bailiwick.current_tenant())) WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));

-- A staged item that the source no longer has is missing, and removed once it is decided that the
-- target's goes too. new_name is the name under which an item is written, if it isn't its own. taken
-- says that the source's content becomes the base: what is written, unless the columns taken_ have
-- another.
ALTER TABLE bailiwick.import_items
  ADD COLUMN missing      boolean NOT NULL DEFAULT false,
  ADD COLUMN removed      boolean NOT NULL DEFAULT false,
  ADD COLUMN new_name     text COLLATE "C",
  ADD COLUMN taken        boolean NOT NULL DEFAULT true,
  ADD COLUMN taken_labels text,
  ADD COLUMN taken_spec   text,
  ADD COLUMN taken_digest text,
  ADD COLUMN replaced     text; -- the digest of the base that goes
CREATE OR REPLACE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());
