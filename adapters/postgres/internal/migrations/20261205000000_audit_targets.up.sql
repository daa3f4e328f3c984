-- Finds the entries about one target, such as the history of a resource. The key is a number,
-- since a name may be longer than an index takes, and row security lets no condition on an
-- expression of text use an index.
--
-- A generated column would rewrite the log while nothing can be written. So the column is plain, and
-- a trigger computes it, from text alone. A log with entries is migrated while others write, by
-- internal/migrate/targets.go: it applies this migration in a transaction of its own, and then gives
-- the older entries their keys.
ALTER TABLE bailiwick.audit ADD COLUMN target_key bigint;

CREATE FUNCTION bailiwick.audit_target() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  target jsonb := NEW.text::jsonb -> 'target';
BEGIN
  NEW.target_key := hashtextextended(coalesce(target ->> 'kind', '') || '/' || coalesce(target ->> 'name', ''), 0);
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_target() FROM PUBLIC;

CREATE TRIGGER audit_target BEFORE INSERT OR UPDATE ON bailiwick.audit
  FOR EACH ROW EXECUTE FUNCTION bailiwick.audit_target();
