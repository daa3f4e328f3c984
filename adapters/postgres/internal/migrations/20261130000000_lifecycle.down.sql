ALTER TABLE bailiwick.api_keys DROP COLUMN rotated_to, DROP COLUMN created_by, DROP COLUMN prefix;
DROP FUNCTION bailiwick.quota() CASCADE; -- with its triggers on the owned tables
DROP FUNCTION bailiwick.take_turns(), bailiwick.take_turn(uuid, text);
DROP TABLE bailiwick.quota_turns;
ALTER TABLE bailiwick.tenants DROP COLUMN quotas;
DROP FUNCTION bailiwick.purge(text[]), bailiwick.purge_rows(uuid, text[]), bailiwick.purge_refusal(text[]), bailiwick.purge_tables(text[]);
DROP FUNCTION bailiwick.audit_of_tenant() CASCADE;
DROP FUNCTION bailiwick.refuse_retired() CASCADE;
DROP TABLE bailiwick.retired;
