-- The ids of items in tables whose ids aren't of type uuid: of the row that an item replaces, and
-- of a new one.
ALTER TABLE bailiwick.import_items ADD COLUMN target_key text, ADD COLUMN new_key text;
CREATE OR REPLACE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());
