DROP VIEW bailiwick.staged;
ALTER TABLE bailiwick.import_items DROP COLUMN missing, DROP COLUMN removed, DROP COLUMN new_name, DROP COLUMN taken,
  DROP COLUMN taken_labels, DROP COLUMN taken_spec, DROP COLUMN taken_digest, DROP COLUMN replaced;
CREATE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());
DROP TABLE bailiwick.bases, bailiwick.contents, bailiwick.sources;
