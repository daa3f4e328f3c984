-- The ids of items in tables whose ids aren't of type uuid: of the row that an item replaces, and
-- of a new one.
ALTER TABLE bailiwick.import_items ADD COLUMN target_key text, ADD COLUMN new_key text;
CREATE OR REPLACE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());

-- Runs after each statement that adds rows to a kind's table, and after each that makes deleted rows
-- living ones again. Its arguments are the kind and, if rows are only marked as deleted, the column
-- that is NULL in living ones: only these count. A tenant without a quota of the kind costs one
-- look at its row, which is locked, so that no purge of the tenant overlooks what was added.
--
-- The tenant is that of the rows, whatever the statement has made of its setting by now. What row
-- security then hides from the count is refused.
CREATE OR REPLACE FUNCTION bailiwick.quota() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid;
  tenants uuid[];
  living text := '';
  allowed bigint;
  held bigint;
BEGIN
  IF TG_NARGS = 1 THEN
    tenants := ARRAY(SELECT DISTINCT a.tenant_id FROM added AS a);
  ELSE
    living := format(' AND %I IS NULL', TG_ARGV[1]);
    EXECUTE CASE TG_OP
      WHEN 'INSERT' THEN format('SELECT array_agg(DISTINCT a.tenant_id) FROM added AS a WHERE a.%I IS NULL', TG_ARGV[1])
      ELSE format('SELECT array_agg(DISTINCT a.tenant_id) FROM added AS a JOIN was AS w ON w.tenant_id = a.tenant_id AND w.id = a.id WHERE a.%1$I IS NULL AND w.%1$I IS NOT NULL', TG_ARGV[1])
    END INTO tenants;
  END IF;
  FOREACH mine IN ARRAY coalesce(tenants, '{}') LOOP
    SELECT (t.quotas #>> ARRAY['resources', TG_ARGV[0]])::bigint INTO allowed FROM bailiwick.tenants AS t WHERE t.id = mine FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE foreign_key_violation USING MESSAGE = 'there is no such tenant to add rows for';
    END IF;
    CONTINUE WHEN allowed IS NULL;
    PERFORM bailiwick.take_turn(mine, TG_ARGV[0]);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I.%I WHERE tenant_id = $1%s LIMIT $2) AS held', TG_TABLE_SCHEMA, TG_TABLE_NAME, living)
      INTO held USING mine, allowed + 1;
    IF held > allowed OR held = 0 THEN
      RAISE EXCEPTION 'the tenant has as many of kind % as it may have', TG_ARGV[0]
        USING ERRCODE = 'BW002', DETAIL = jsonb_build_object('kind', TG_ARGV[0], 'limit', allowed)::text;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- The trigger on a table without versions: the time of the last write, which then is the version,
-- is greater with each write. A greater one may be given.
CREATE FUNCTION bailiwick.touch_time() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
  IF OLD.updated_at < '0001-01-01 00:00:00+00' OR OLD.updated_at >= '10000-01-01 00:00:00+00' THEN
    NEW.updated_at := now();
  ELSIF NEW.updated_at IS NULL OR NEW.updated_at <= OLD.updated_at THEN
    NEW.updated_at := greatest(now(), OLD.updated_at + interval '1 microsecond');
  END IF;
  NEW.created_at := CASE WHEN OLD.created_at >= '0001-01-01 00:00:00+00'
    AND OLD.created_at < '10000-01-01 00:00:00+00' THEN OLD.created_at ELSE now() END;
  RETURN NEW;
END $$;
