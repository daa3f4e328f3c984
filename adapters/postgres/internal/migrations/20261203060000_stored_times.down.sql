CREATE OR REPLACE FUNCTION bailiwick.touch() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
  IF NEW.version IS NULL OR NEW.version <= OLD.version THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
  END IF;
  NEW.created_at := OLD.created_at;
  RETURN NEW;
END $$;
