-- A version below 1, and a time of creation that isn't in the years 1 to 9999, from before the
-- library managed the table, are mended by the next change of the row.
CREATE OR REPLACE FUNCTION bailiwick.touch() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
  IF NEW.version IS NULL OR NEW.version <= OLD.version THEN
    NEW.version := greatest(OLD.version, 0) + 1;
    NEW.updated_at := now();
  END IF;
  NEW.created_at := CASE WHEN OLD.created_at >= '0001-01-01 00:00:00+00'
    AND OLD.created_at < '10000-01-01 00:00:00+00' THEN OLD.created_at ELSE now() END;
  RETURN NEW;
END $$;
