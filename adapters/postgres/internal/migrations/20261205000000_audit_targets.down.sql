ALTER TABLE bailiwick.audit DROP COLUMN target_key;
