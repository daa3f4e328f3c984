DROP FUNCTION bailiwick.touch_time();
DROP VIEW bailiwick.staged;
ALTER TABLE bailiwick.import_items DROP COLUMN target_key, DROP COLUMN new_key;
CREATE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());
CREATE OR REPLACE FUNCTION bailiwick.quota() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid;
  allowed bigint;
  held bigint;
BEGIN
  FOR mine IN SELECT DISTINCT a.tenant_id FROM added AS a LOOP
    SELECT (t.quotas #>> ARRAY['resources', TG_ARGV[0]])::bigint INTO allowed FROM bailiwick.tenants AS t WHERE t.id = mine FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE foreign_key_violation USING MESSAGE = 'there is no such tenant to add rows for';
    END IF;
    CONTINUE WHEN allowed IS NULL;
    PERFORM bailiwick.take_turn(mine, TG_ARGV[0]);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I.%I WHERE tenant_id = $1 LIMIT $2) AS held', TG_TABLE_SCHEMA, TG_TABLE_NAME)
      INTO held USING mine, allowed + 1;
    IF held > allowed OR held = 0 THEN
      RAISE EXCEPTION 'the tenant has as many of kind % as it may have', TG_ARGV[0]
        USING ERRCODE = 'BW002', DETAIL = jsonb_build_object('kind', TG_ARGV[0], 'limit', allowed)::text;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
