DROP FUNCTION bailiwick.touch_time();
DROP VIEW bailiwick.staged;
ALTER TABLE bailiwick.import_items DROP COLUMN target_key, DROP COLUMN new_key;
CREATE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());
