-- What changes of tenants, keys and people is announced on the channel
-- "bailiwick", in the transaction that changes it: who writes doesn't matter, and
-- what is rolled back is never heard of.
--
-- Any role may listen to any channel. So what is sent is sealed: 16 random bytes,
-- then a letter for the kind (t tenant, k key, u user, * anything) and the id's 16
-- bytes, XORed with the beginning of SHA-256 over the key below and the random
-- bytes; all in hexadecimal digits. Without the key it is noise, each time another.
ALTER TABLE bailiwick.instance ADD COLUMN announcing_key bytea NOT NULL
  DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) CHECK (octet_length(announcing_key) = 32);

CREATE FUNCTION bailiwick.seal_announcement(kind text, id uuid)
RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  nonce  bytea := uuid_send(gen_random_uuid());
  sealed bytea := convert_to(kind, 'UTF8') || uuid_send(id);
  pad    bytea;
BEGIN
  SELECT sha256(i.announcing_key || nonce) INTO pad FROM bailiwick.instance AS i;
  FOR at IN 0..octet_length(sealed) - 1 LOOP
    sealed := set_byte(sealed, at, get_byte(sealed, at) # get_byte(pad, at));
  END LOOP;
  RETURN encode(nonce || sealed, 'hex');
END $$;
REVOKE ALL ON FUNCTION bailiwick.seal_announcement(text, uuid) FROM PUBLIC;

-- The trigger. Its arguments are the letter of the kind, the column that holds the
-- id, and a column that doesn't matter. It is one of statements: beyond 64 rows it
-- says once that anything may have changed.
CREATE FUNCTION bailiwick.announce()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  many CONSTANT integer := 64;
  ids  uuid[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(c.id) INTO ids FROM (
      SELECT DISTINCT (to_jsonb(n) ->> TG_ARGV[1])::uuid AS id FROM becomes AS n LIMIT many + 1) AS c;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(c.id) INTO ids FROM (
      SELECT DISTINCT (to_jsonb(o) ->> TG_ARGV[1])::uuid AS id FROM was AS o LIMIT many + 1) AS c;
  ELSIF TG_OP = 'UPDATE' THEN
    SELECT array_agg(c.id) INTO ids FROM (
      SELECT DISTINCT (r.line ->> TG_ARGV[1])::uuid AS id FROM (
        (SELECT to_jsonb(o) - coalesce(TG_ARGV[2], '') AS line FROM was AS o
         EXCEPT SELECT to_jsonb(n) - coalesce(TG_ARGV[2], '') FROM becomes AS n)
        UNION ALL
        (SELECT to_jsonb(n) - coalesce(TG_ARGV[2], '') FROM becomes AS n
         EXCEPT SELECT to_jsonb(o) - coalesce(TG_ARGV[2], '') FROM was AS o)) AS r LIMIT many + 1) AS c;
  END IF;
  IF TG_OP = 'TRUNCATE' OR cardinality(ids) > many THEN
    PERFORM pg_notify('bailiwick', bailiwick.seal_announcement('*', '00000000-0000-0000-0000-000000000000'));
    RETURN NULL;
  END IF;
  PERFORM pg_notify('bailiwick', bailiwick.seal_announcement(TG_ARGV[0], c.id)) FROM unnest(ids) AS c(id);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.announce() FROM PUBLIC;

-- A key or a person that is new was nobody before: nothing that is remembered is
-- wrong. A tenant's slug may be remembered as nobody's. A key's use is no change.
CREATE TRIGGER announce_insert AFTER INSERT ON bailiwick.tenants
  REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('t', 'id');
CREATE TRIGGER announce_update AFTER UPDATE ON bailiwick.tenants
  REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('t', 'id');
CREATE TRIGGER announce_delete AFTER DELETE ON bailiwick.tenants
  REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('t', 'id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON bailiwick.tenants
  FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('t', 'id');

CREATE TRIGGER announce_update AFTER UPDATE ON bailiwick.api_keys
  REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('k', 'id', 'last_used_at');
CREATE TRIGGER announce_delete AFTER DELETE ON bailiwick.api_keys
  REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('k', 'id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON bailiwick.api_keys
  FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('k', 'id');

CREATE TRIGGER announce_update AFTER UPDATE ON bailiwick.users
  REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('u', 'id', 'updated_at');
CREATE TRIGGER announce_delete AFTER DELETE ON bailiwick.users
  REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('u', 'id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON bailiwick.users
  FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('u', 'id');

CREATE TRIGGER announce_insert AFTER INSERT ON bailiwick.members
  REFERENCING NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('u', 'user_id');
CREATE TRIGGER announce_update AFTER UPDATE ON bailiwick.members
  REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('u', 'user_id');
CREATE TRIGGER announce_delete AFTER DELETE ON bailiwick.members
  REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('u', 'user_id');
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON bailiwick.members
  FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('u', 'user_id');
