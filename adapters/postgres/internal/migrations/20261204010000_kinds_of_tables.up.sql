-- The ids of items in tables whose ids aren't of type uuid: of the row that an item replaces, and
-- of a new one.
ALTER TABLE bailiwick.import_items ADD COLUMN target_key text, ADD COLUMN new_key text;
CREATE OR REPLACE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());

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
