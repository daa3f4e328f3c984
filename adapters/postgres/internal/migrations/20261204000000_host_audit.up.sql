-- Writes of a host's own statements are recorded, and a host records events in its transactions.
--
-- The setting bailiwick.by says for whom a transaction writes. The library's sessions send it
-- with BEGIN and with each message that may write, and refuse every statement of a host that
-- sets it: 'library' for the library's own work, which records itself, otherwise the text of
-- tenancy.Event.Text with the actor, the request and the reason. It is empty in sessions that
-- the library didn't open, and in those of an earlier version.

-- Appends what a host's transaction left pending to the tenant's chain, when it commits: the
-- end of the chain isn't locked before, so that a transaction that writes, and then waits for
-- a row, keeps no other one from the chain and can't deadlock with one that locks in another order.
-- A transaction with a snapshot from before can't append, and leaves it to the next one; so
-- does what isn't a host's.
CREATE FUNCTION bailiwick.audit_commit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(current_setting('bailiwick.by', true), '') NOT IN ('', 'library')
     AND current_setting('transaction_isolation') = 'read committed' AND EXISTS (
    SELECT FROM bailiwick.audit_pending AS p WHERE p.tenant_id = NEW.tenant_id AND p.at = NEW.at AND p.id = NEW.id) THEN
    PERFORM bailiwick.audit_settle(NEW.tenant_id);
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_commit() FROM PUBLIC;

CREATE CONSTRAINT TRIGGER audit_commit AFTER INSERT ON bailiwick.audit_pending
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bailiwick.audit_commit();

-- Records a statement that wrote rows of a kind's table. The first argument is the kind, the
-- second the column with the tenant's id if it isn't tenant_id. The tenant is that of the rows,
-- whatever the statement has made of its setting by now. Without an author it records what a
-- tenant's session wrote, and not what a migration or an administrator did.
CREATE FUNCTION bailiwick.audit_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  author text := coalesce(current_setting('bailiwick.by', true), '');
  event  jsonb;
  mine   uuid;
  many   bigint;
BEGIN
  IF author = 'library' OR author = '' AND bailiwick.current_tenant() IS NULL THEN
    RETURN NULL;
  END IF;
  event := (CASE author WHEN '' THEN '{"actor": {"kind": "system"}, "outcome": "ok"}' ELSE author END)::jsonb;
  FOR mine, many IN EXECUTE format('SELECT c.%1$I, count(*) FROM changed AS c WHERE c.%1$I IS NOT NULL GROUP BY 1 ORDER BY 1',
      coalesce(TG_ARGV[1], 'tenant_id')) LOOP
    INSERT INTO bailiwick.audit_pending (tenant_id, id, at, event)
    VALUES (mine, gen_random_uuid(), clock_timestamp(), event || jsonb_build_object(
      'action', 'rows.' || lower(TG_OP),
      'target', jsonb_build_object('kind', 'table', 'name', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME),
      'details', coalesce(event -> 'details', '{}') || jsonb_build_object('kind', TG_ARGV[0], 'rows', many)));
  END LOOP;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_rows() FROM PUBLIC;

-- Adds to the log of the tenant that the statement is scoped to. This is all that the
-- application's role can do to it. A host's statement can't choose whose the entry is: the
-- actor, the request and the address are its transaction's. Nor can it take an action of the
-- library's: the form and the names are those of tenancy.Event.CheckHost.
CREATE OR REPLACE FUNCTION bailiwick.log(entry uuid, event jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chain  uuid := bailiwick.current_tenant();
  author text := coalesce(current_setting('bailiwick.by', true), '');
  action text := coalesce(event ->> 'action', '');
BEGIN
  IF chain IS NULL THEN
    RAISE EXCEPTION 'an entry of the audit log is of the tenant that the statement is for, and this one is for none' USING ERRCODE = 'BW001';
  END IF;
  IF author IN ('', 'library') THEN
    PERFORM bailiwick.audit_append(chain, entry, event);
    RETURN;
  END IF;
  IF action !~ '^[a-z][a-z0-9_]*([.][a-z0-9_]+)+$' OR length(action) > 64 OR split_part(action, '.', 1) IN (
    'audit', 'bundle', 'feed', 'identity', 'invitation', 'key', 'member', 'password', 'platform', 'platform_token',
    'request', 'resource', 'rows', 'rowsecurity', 'secret', 'session', 'signing_key', 'tenant', 'user') THEN
    RAISE EXCEPTION 'the action of the entry isn''t one that a host may record' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO bailiwick.audit_pending (tenant_id, id, at, event)
  VALUES (chain, entry, clock_timestamp(), event || jsonb_build_object(
    'actor', author::jsonb -> 'actor', 'request_id', author::jsonb -> 'request_id', 'ip', author::jsonb -> 'ip'));
END $$;
