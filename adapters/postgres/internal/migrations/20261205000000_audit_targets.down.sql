DROP TRIGGER audit_target ON bailiwick.audit;
DROP FUNCTION bailiwick.audit_target();
ALTER TABLE bailiwick.audit DROP COLUMN target_key;
