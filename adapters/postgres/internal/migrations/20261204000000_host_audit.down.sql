-- Entries that wait stay: the next one to append adds them to their chain.
DROP FUNCTION bailiwick.audit_rows() CASCADE; -- with its triggers on the owned tables
DROP FUNCTION bailiwick.audit_commit() CASCADE;

CREATE OR REPLACE FUNCTION bailiwick.log(entry uuid, event jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chain uuid := bailiwick.current_tenant();
BEGIN
  IF chain IS NULL THEN
    RAISE EXCEPTION 'an entry of the audit log is of the tenant that the statement is for, and this one is for none' USING ERRCODE = 'BW001';
  END IF;
  PERFORM bailiwick.audit_append(chain, entry, event);
END $$;
