-- The JSON of a value, whatever the settings of the session: items are compared by digests of
-- their JSON.
CREATE FUNCTION bailiwick.pinned_json(value anyelement) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' SET datestyle = 'ISO, YMD'
SET intervalstyle = 'iso_8601' SET extra_float_digits = 1
AS $$
BEGIN
  RETURN to_jsonb(value);
END $$;

-- Whether the secrets of a single-tenant database were moved into the vault.
ALTER TABLE bailiwick.instance ADD COLUMN secrets_moved boolean NOT NULL DEFAULT false;
