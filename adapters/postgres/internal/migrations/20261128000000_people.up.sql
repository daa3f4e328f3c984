-- The normal form of each address: what accounts are told apart by. NULL for a
-- user that was adopted while another had the same address in other letters; who
-- has none is found by id, and by no address.
ALTER TABLE bailiwick.users ADD COLUMN email_key text COLLATE "C" UNIQUE;
UPDATE bailiwick.users AS u SET email_key = f.key
  FROM (SELECT DISTINCT ON (lower(email COLLATE "C")) id, lower(email COLLATE "C") AS key
          FROM bailiwick.users ORDER BY lower(email COLLATE "C"), created_at, id) AS f WHERE f.id = u.id;
CREATE INDEX users_email_order ON bailiwick.users (email COLLATE "C");

-- Gives the address of a user that is adopted its normal form. The library writes
-- both by itself.
CREATE FUNCTION bailiwick.key_email() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.email_key IS NOT NULL
     OR TG_OP = 'UPDATE' AND (NEW.email = OLD.email OR NEW.email_key IS DISTINCT FROM OLD.email_key) THEN
    RETURN NEW;
  END IF;
  NEW.email_key := lower(NEW.email COLLATE "C");
  IF EXISTS (SELECT FROM bailiwick.users AS u WHERE u.email_key = NEW.email_key AND u.id <> NEW.id) THEN
    NEW.email_key := NULL;
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION bailiwick.key_email() FROM PUBLIC;
CREATE TRIGGER bailiwick_key_email BEFORE INSERT OR UPDATE OF email, email_key ON bailiwick.users
  FOR EACH ROW EXECUTE FUNCTION bailiwick.key_email();

-- Whether there is this user, who then stays until the transaction ends: a
-- membership of nobody would be left otherwise. This is all that the application's
-- role learns of users.
CREATE FUNCTION bailiwick.hold_user(wanted uuid)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM bailiwick.users AS u WHERE u.id = wanted FOR KEY SHARE;
  RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION bailiwick.hold_user(uuid) FROM PUBLIC;

-- Adds to the log of a tenant what was done in several at once.
CREATE FUNCTION bailiwick.log_in(chain uuid, entry uuid, event jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM bailiwick.audit_append(chain, entry, event);
END $$;
REVOKE ALL ON FUNCTION bailiwick.log_in(uuid, uuid, jsonb) FROM PUBLIC;
