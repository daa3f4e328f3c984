-- A log with entries has the index when this migration is recorded: see the migration before. That it
-- is recorded says that every entry has its key.
--
-- The condition is true of each entry that has its key. So the index of a log in which none has one
-- yet is made in the time that it takes to read the log.
DO $$ BEGIN
  IF to_regclass('bailiwick.audit_target') IS NULL THEN
    CREATE INDEX audit_target ON bailiwick.audit (tenant_id, target_key, seq) WHERE target_key IS NOT NULL;
  END IF;
END $$;
