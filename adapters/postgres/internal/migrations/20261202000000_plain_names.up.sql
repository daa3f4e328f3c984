-- Functions are named by what they do, and an import takes a turn as well.

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
