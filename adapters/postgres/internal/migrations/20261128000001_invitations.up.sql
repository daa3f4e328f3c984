-- Open invitations to a tenant. What is accepted or revoked is gone; the audit
-- log has it. invited_by is an actor's id: no key to a table, since the one who
-- invited may be a key, a user, or somebody that the host knows.
CREATE TABLE bailiwick.invitations (
  tenant_id       uuid NOT NULL DEFAULT bailiwick.current_tenant() REFERENCES bailiwick.tenants (id),
  id              uuid NOT NULL UNIQUE,
  email           text COLLATE "C" NOT NULL, -- in its normal form
  role            text NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
  hash            bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32), -- SHA-256 of the token
  invited_by_kind text NOT NULL,
  invited_by      text NOT NULL,
  inviter         text NOT NULL, -- their name
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
);
ALTER TABLE bailiwick.invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY bailiwick_tenant ON bailiwick.invitations
  USING (tenant_id = (SELECT bailiwick.current_tenant())) WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));

-- Returns the invitation with this hash if it can be accepted now: its tenant is active
-- and its inviter may still invite. It doesn't check the expiry. It is called before any
-- tenant is known, so it reads past the policy, and returns this one row only.
--
-- The condition on the inviter is the SQL twin of tenancy.Invitation.MayBeAccepted
-- (tenancy/invitation.go).
CREATE FUNCTION bailiwick.find_invitation(wanted bytea)
RETURNS TABLE (tenant_id uuid, id uuid, email text, role text, invited_by_kind text, invited_by text, inviter text, created_at timestamptz, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT i.tenant_id, i.id, i.email::text, i.role, i.invited_by_kind, i.invited_by, i.inviter, i.created_at, i.expires_at
      FROM bailiwick.invitations i JOIN bailiwick.tenants t ON t.id = i.tenant_id
     WHERE i.hash = wanted AND t.state = 'active' AND CASE i.invited_by_kind
       WHEN 'platform' THEN true
       WHEN 'user' THEN
         EXISTS (SELECT FROM bailiwick.users u WHERE u.id::text = i.invited_by AND u.super_admin) OR
         EXISTS (SELECT FROM bailiwick.members m WHERE m.tenant_id = i.tenant_id AND m.user_id::text = i.invited_by AND m.role = 'admin')
       WHEN 'key' THEN
         EXISTS (SELECT FROM bailiwick.api_keys k WHERE k.tenant_id = i.tenant_id AND k.id::text = i.invited_by AND k.role = 'admin'
                  AND (k.expires_at IS NULL OR k.expires_at > now()))
       ELSE false END;
END $$;
REVOKE ALL ON FUNCTION bailiwick.find_invitation(bytea) FROM PUBLIC;
