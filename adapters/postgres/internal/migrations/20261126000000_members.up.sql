-- People, and what they are in which tenant. Members refer to no user by a foreign
-- key: no key but that to the tenants spans them.
CREATE TABLE bailiwick.users (
  id            uuid PRIMARY KEY,
  email         text NOT NULL UNIQUE,
  name          text NOT NULL,
  password_hash text,
  super_admin   boolean NOT NULL DEFAULT false,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE bailiwick.members (
  tenant_id  uuid NOT NULL DEFAULT bailiwick.current_tenant() REFERENCES bailiwick.tenants (id),
  user_id    uuid NOT NULL,
  role       text NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX members_user ON bailiwick.members (user_id);
ALTER TABLE bailiwick.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY bailiwick_tenant ON bailiwick.members
  USING (tenant_id = (SELECT bailiwick.current_tenant())) WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));

-- What a single-tenant database was before it was adopted: the one thing that
-- its catalog can't tell later. Empty where nothing was adopted.
CREATE TABLE bailiwick.former (
  object      text PRIMARY KEY,
  shape       jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);

-- Sessions that write to an adopted table without a tenant: one row for each
-- table and session, so that no session waits for another here. After a crash
-- they are noted anew.
CREATE UNLOGGED TABLE bailiwick.strays (
  relation    oid NOT NULL,
  pid         integer NOT NULL,
  application text NOT NULL,
  role        text NOT NULL,
  client      text NOT NULL,
  statement   text NOT NULL,
  seen_at     timestamptz NOT NULL,
  PRIMARY KEY (relation, pid)
);
