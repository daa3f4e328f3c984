-- Entries that were written in format 2 stay: a program of the version before can't parse them.
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
    'seq', head.seq + 1,
    'id', entry,
    'at', to_char(happened AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'tenant_id', nullif(chain, '00000000-0000-0000-0000-000000000000'),
    'tenant_slug', (SELECT t.slug FROM bailiwick.tenants AS t WHERE t.id = chain),
    'actor', jsonb_build_object('kind', coalesce(event #>> '{actor,kind}', ''), 'id', coalesce(event #>> '{actor,id}', ''), 'name', coalesce(event #>> '{actor,name}', '')),
    'action', coalesce(event ->> 'action', ''),
    'target', jsonb_build_object('kind', coalesce(event #>> '{target,kind}', ''), 'name', coalesce(event #>> '{target,name}', '')),
    'request_id', coalesce(event ->> 'request_id', ''),
    'ip', coalesce(event ->> 'ip', ''),
    'outcome', coalesce(event ->> 'outcome', ''),
    'details', CASE jsonb_typeof(event -> 'details') WHEN 'object' THEN event -> 'details' ELSE '{}' END)::text;
  seal := sha256(head.hash || convert_to(line, 'UTF8'));
  INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash) VALUES (chain, head.seq + 1, entry, happened, line, seal);
  UPDATE bailiwick.audit_heads AS h SET seq = head.seq + 1, hash = seal, at = happened WHERE h.tenant_id = chain;
END $$;

ALTER FUNCTION bailiwick.lock_user(uuid) RENAME TO hold_user;
ALTER FUNCTION bailiwick.chain_audit() RENAME TO settle_log;
ALTER FUNCTION bailiwick.chain_next_audit(uuid) RENAME TO settle_next_log;
ALTER FUNCTION bailiwick.lock_quota() RENAME TO take_turns;
