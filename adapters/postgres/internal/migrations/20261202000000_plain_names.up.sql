-- Functions are named by what they do, and an import takes a turn as well. Entries of the
-- audit log have a format.

-- Locks a user against removal until the transaction ends. Returns whether there is
-- such a user.
ALTER FUNCTION bailiwick.hold_user(uuid) RENAME TO lock_user;

-- Appends the tenant's entries that wait to its chain.
ALTER FUNCTION bailiwick.settle_log() RENAME TO chain_audit;

-- Appends the entries that wait to the first chain after a tenant's id that has some.
-- Returns whose chain it was; NULL when no entry waits. One chain a transaction: two
-- transactions that each hold one chain and want the other's would wait for ever.
ALTER FUNCTION bailiwick.settle_next_log(uuid) RENAME TO chain_next_audit;

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
