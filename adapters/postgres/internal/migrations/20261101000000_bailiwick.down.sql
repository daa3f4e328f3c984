DROP VIEW bailiwick.staged;
DROP TABLE bailiwick.import_items, bailiwick.secrets, bailiwick.api_keys, bailiwick.tenants, bailiwick.instance;
DROP FUNCTION bailiwick.find_key(bytea), bailiwick.touch(), bailiwick.current_tenant();
