-- Functions are named by what they do, and an import takes a turn as well. Entries of the
-- audit log have a format.

ALTER FUNCTION bailiwick.hold_user(uuid) RENAME TO lock_user;

-- Locks a user against removal until the transaction ends. Answers whether there is
-- such a user.
CREATE OR REPLACE FUNCTION bailiwick.lock_user(wanted uuid)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM bailiwick.users AS u WHERE u.id = wanted FOR KEY SHARE;
  RETURN FOUND;
END $$;

ALTER FUNCTION bailiwick.take_turns() RENAME TO lock_quota;

-- Locks every quota that the tenant has, for an import: with its first statement, so
-- that its snapshot shows every row that counts. The kind '' is the imports' own: of
-- two imports the second fails here if its snapshot is older than the first one's end,
-- whenever it got the advisory lock.
CREATE OR REPLACE FUNCTION bailiwick.lock_quota()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  counted text;
BEGIN
  PERFORM bailiwick.take_turn(bailiwick.current_tenant(), '');
  FOR counted IN
    SELECT r.kind FROM bailiwick.tenants AS t, jsonb_object_keys(t.quotas -> 'resources') AS r (kind)
     WHERE t.id = bailiwick.current_tenant() ORDER BY 1
  LOOP
    PERFORM bailiwick.take_turn(bailiwick.current_tenant(), counted);
  END LOOP;
END $$;

ALTER FUNCTION bailiwick.settle_log() RENAME TO chain_audit;

-- Appends the tenant's entries that wait to its chain.
CREATE OR REPLACE FUNCTION bailiwick.chain_audit()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chain uuid := bailiwick.current_tenant();
BEGIN
  IF EXISTS (SELECT FROM bailiwick.audit_pending AS p WHERE p.tenant_id = chain) THEN
    PERFORM bailiwick.audit_settle(chain);
  END IF;
END $$;

ALTER FUNCTION bailiwick.settle_next_log(uuid) RENAME TO chain_next_audit;

-- Appends the entries that wait to the first chain after a tenant's id that has some.
-- Answers whose chain it was; NULL when no entry waits. One chain a transaction: two
-- transactions that each hold one chain and want the other's would wait for ever.
CREATE OR REPLACE FUNCTION bailiwick.chain_next_audit(behind uuid)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chain uuid;
BEGIN
  SELECT p.tenant_id INTO chain FROM bailiwick.audit_pending AS p
   WHERE behind IS NULL OR p.tenant_id > behind ORDER BY p.tenant_id LIMIT 1;
  IF chain IS NOT NULL THEN
    PERFORM bailiwick.audit_settle(chain);
  END IF;
  RETURN chain;
END $$;

-- Appends one event to a chain whose head the caller holds. Only the functions of the
-- audit log may call it. An entry has the members of an entry and no others: injected SQL
-- may log nonsense, but nothing that can't be parsed and would break the chain for ever.
-- An entry is never older than the one before it, whatever the clock says and however long
-- it waited: a month is then one stretch of each chain, and the oldest ones can go.
--
-- This is the SQL twin of tenancy.AuditEntry.Link and of the types tenancy.EventRecord
-- (tenancy/auditevent.go) and auditText (tenancy/audittext.go), which define the members and
-- the format. The event is what tenancy.Event.Text writes. Entries of format 1, without the member
-- format, stay as they are: tenancy.ParseAuditEntry reads both.
CREATE OR REPLACE FUNCTION bailiwick.audit_link(chain uuid, entry uuid, happened timestamptz, event jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  head bailiwick.audit_heads;
  line text;
  seal bytea;
BEGIN
  SELECT * INTO head FROM bailiwick.audit_heads AS h WHERE h.tenant_id = chain;
  happened := greatest(happened, head.at);
  line := jsonb_build_object(
    'format', 2,
    'seq', head.seq + 1,
    'id', entry,
    'at', to_char(happened AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), -- tenancy.TimeLayout
    'tenant_id', nullif(chain, '00000000-0000-0000-0000-000000000000'),
    'tenant_slug', (SELECT t.slug FROM bailiwick.tenants AS t WHERE t.id = chain),
    'actor', jsonb_build_object(
      'kind', coalesce(event #>> '{actor,kind}', ''),
      'id', coalesce(event #>> '{actor,id}', ''),
      'name', coalesce(event #>> '{actor,name}', '')),
    'action', coalesce(event ->> 'action', ''),
    'target', jsonb_build_object(
      'kind', coalesce(event #>> '{target,kind}', ''),
      'name', coalesce(event #>> '{target,name}', '')),
    'request_id', coalesce(event ->> 'request_id', ''),
    'ip', coalesce(event ->> 'ip', ''),
    'outcome', coalesce(event ->> 'outcome', ''),
    'details', CASE jsonb_typeof(event -> 'details') WHEN 'object' THEN event -> 'details' ELSE '{}' END)::text;
  seal := sha256(head.hash || convert_to(line, 'UTF8'));
  INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash)
    VALUES (chain, head.seq + 1, entry, happened, line, seal);
  UPDATE bailiwick.audit_heads AS h SET seq = head.seq + 1, hash = seal, at = happened WHERE h.tenant_id = chain;
END $$;

-- Returns the invitation with this hash if it can be accepted now: its tenant is active
-- and its inviter may still invite. It doesn't check the expiry.
--
-- The condition on the inviter is the SQL twin of tenancy.Invitation.MayBeAccepted
-- (tenancy/invitation.go).
CREATE OR REPLACE FUNCTION bailiwick.find_invitation(wanted bytea)
RETURNS TABLE (tenant_id uuid, id uuid, email text, role text, invited_by_kind text, invited_by text, inviter text,
  created_at timestamptz, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT i.tenant_id, i.id, i.email::text, i.role, i.invited_by_kind, i.invited_by, i.inviter,
        i.created_at, i.expires_at
      FROM bailiwick.invitations i JOIN bailiwick.tenants t ON t.id = i.tenant_id
     WHERE i.hash = wanted AND t.state = 'active' AND CASE i.invited_by_kind
       WHEN 'platform' THEN true
       WHEN 'user' THEN
         EXISTS (SELECT FROM bailiwick.users u WHERE u.id::text = i.invited_by AND u.super_admin) OR
         EXISTS (SELECT FROM bailiwick.members m
                  WHERE m.tenant_id = i.tenant_id AND m.user_id::text = i.invited_by AND m.role = 'admin')
       WHEN 'key' THEN
         EXISTS (SELECT FROM bailiwick.api_keys k
                  WHERE k.tenant_id = i.tenant_id AND k.id::text = i.invited_by AND k.role = 'admin'
                    AND (k.expires_at IS NULL OR k.expires_at > now()))
       ELSE false END;
END $$;
