-- What signs the tenant of each statement. Only the system role may read it: not
-- even with SQL injected into its statements can the application's role sign.
-- A key is kept as HMAC uses it (RFC 2104, section 2).
CREATE TABLE bailiwick.signing_keys (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  inner_pad  bytea NOT NULL CHECK (octet_length(inner_pad) = 64),
  outer_pad  bytea NOT NULL CHECK (octet_length(outer_pad) = 64),
  signs_from timestamptz NOT NULL,
  expires_at timestamptz NOT NULL DEFAULT 'infinity' -- what it signed is good until then
);

-- The tenant that the statement under way is scoped to; NULL when it is to
-- none, so that no row matches; an error when the setting isn't signed by a key
-- in force, or its signature has expired. The setting is
-- <tenant>.<expiry>.<signature>: 36 characters, 10 digits of Unix time, and
-- HMAC-SHA256 over both in hexadecimal digits. The expiry is held against the
-- beginning of the transaction, so that a long one goes on as it began.
--
-- STABLE: one value for a whole statement, and never cached with a plan, as
-- IMMUTABLE would be. plpgsql, since the body of an SQL function is planned
-- again by each statement; one query, and as few calls as can be, since each
-- costs something in every transaction; and every name with its schema, since
-- SET search_path costs more than the rest.
CREATE OR REPLACE FUNCTION bailiwick.current_tenant() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
AS $$
DECLARE
  token  pg_catalog.text := pg_catalog.current_setting('bailiwick.tenant', true);
  tenant pg_catalog.uuid;
BEGIN
  IF token OPERATOR(pg_catalog.<>) '' THEN -- the planner would try the casts below even of no key
    SELECT pg_catalog.left(token, 36)::pg_catalog.uuid INTO tenant FROM bailiwick.signing_keys AS k
     WHERE pg_catalog.sha256(k.outer_pad OPERATOR(pg_catalog.||)
             pg_catalog.sha256(k.inner_pad OPERATOR(pg_catalog.||) pg_catalog.convert_to(pg_catalog.left(token, 47), 'UTF8')))
           OPERATOR(pg_catalog.=) pg_catalog.decode(pg_catalog.substr(token, 49), 'hex')
       AND k.expires_at OPERATOR(pg_catalog.>) CURRENT_TIMESTAMP
       AND pg_catalog.to_timestamp(pg_catalog.substr(token, 38, 10)::pg_catalog.float8) OPERATOR(pg_catalog.>) CURRENT_TIMESTAMP;
    IF FOUND THEN
      RETURN tenant;
    END IF;
    RAISE EXCEPTION 'the tenant of this statement isn''t signed, or its signature has expired' USING ERRCODE = 'BW001';
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE VIEW bailiwick.staged WITH (security_barrier) AS
  SELECT * FROM bailiwick.import_items WHERE tenant_id = (SELECT bailiwick.current_tenant());
