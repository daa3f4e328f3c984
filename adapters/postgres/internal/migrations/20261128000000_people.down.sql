DROP FUNCTION bailiwick.log_in(uuid, uuid, jsonb), bailiwick.hold_user(uuid);
DROP TRIGGER bailiwick_key_email ON bailiwick.users;
DROP FUNCTION bailiwick.key_email();
DROP INDEX bailiwick.users_email_order;
ALTER TABLE bailiwick.users DROP COLUMN email_key;
