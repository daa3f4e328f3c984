CREATE OR REPLACE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = bailiwick.current_tenant();

CREATE OR REPLACE FUNCTION bailiwick.current_tenant() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$ BEGIN
  RETURN CASE WHEN pg_catalog.current_setting('bailiwick.tenant', true) OPERATOR(pg_catalog.<>) ''
              THEN pg_catalog.current_setting('bailiwick.tenant', true)::pg_catalog.uuid END;
END $$;

DROP TABLE bailiwick.signing_keys;
