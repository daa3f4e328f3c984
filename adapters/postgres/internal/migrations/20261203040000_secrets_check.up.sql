-- What only the key that encrypts the secrets can decrypt. The first server that has a key
-- stores it, and a server with another key is refused: it would write secrets that the others
-- can't read.
ALTER TABLE bailiwick.instance ADD COLUMN secrets_check bytea;

-- The newest secrets of all tenants, encrypted, while no check is stored: a server's key must
-- decrypt one of them before it becomes the database's key.
CREATE FUNCTION bailiwick.sample_secrets()
RETURNS TABLE (tenant_id uuid, name text, sealed bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT s.tenant_id, s.name, s.sealed FROM bailiwick.secrets AS s
     WHERE EXISTS (SELECT FROM bailiwick.instance AS i WHERE i.secrets_check IS NULL)
     ORDER BY s.updated_at DESC LIMIT 100;
END $$;
REVOKE ALL ON FUNCTION bailiwick.sample_secrets() FROM PUBLIC;
