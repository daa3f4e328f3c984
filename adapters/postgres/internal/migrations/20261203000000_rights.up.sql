-- A write checks the right of its call again before it commits: tenancy.Right. It holds the
-- two locks below, shared, until its transaction ends, and reads what the database has about
-- the caller and the tenant after it got them. A transaction that takes a key, a session, a
-- membership or a super-admin's flag away, or changes a tenant's state, takes the lock alone,
-- by a trigger: it waits for the writes that were allowed, and those after it find the right gone.
--
-- Advisory locks and not the rows' own: noting the use of a key or a session must not wait
-- for a write, many writes at once must not keep a revocation waiting, as they could with
-- share locks of a row, and an import must not keep its tenant from being suspended.
--
-- The first number of a lock is "bwkr" for callers and "bwkt" for tenants. The second is one
-- of 256, so that a transaction that ends many rights doesn't fill the table of locks.

-- Returns what the database has about a caller in a tenant: tenancy.Standing. The caller is an
-- API key, or a user with a session; neither for one whom the database doesn't know. alone
-- is for a transaction that will end the right itself: two that first shared the lock would
-- wait for each other.
CREATE FUNCTION bailiwick.hold_right_in(scope uuid, key uuid, person uuid, session uuid, alone boolean)
RETURNS TABLE (valid boolean, expires_at timestamptz, super_admin boolean, role text, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  caller uuid := coalesce(key, person);
BEGIN
  IF alone AND caller IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(1651993458, hashtext(caller::text) & 255);
  ELSIF caller IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock_shared(1651993458, hashtext(caller::text) & 255);
  END IF;
  IF scope IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock_shared(1651993460, hashtext(scope::text) & 255);
  END IF;
  -- a statement of its own: its snapshot is younger than the locks
  RETURN QUERY
    SELECT k.id IS NOT NULL OR s.id IS NOT NULL, coalesce(k.expires_at, s.expires_at),
           coalesce(u.super_admin, false), coalesce(k.role, m.role), t.state
      FROM (SELECT) AS one
      LEFT JOIN bailiwick.api_keys AS k ON k.id = key AND (k.tenant_id = scope OR scope IS NULL)
      LEFT JOIN bailiwick.sessions AS s ON s.id = session AND s.user_id = person
      LEFT JOIN bailiwick.users AS u ON u.id = s.user_id
      LEFT JOIN bailiwick.members AS m ON m.tenant_id = scope AND m.user_id = s.user_id
      LEFT JOIN bailiwick.tenants AS t ON t.id = scope;
END $$;
REVOKE ALL ON FUNCTION bailiwick.hold_right_in(uuid, uuid, uuid, uuid, boolean) FROM PUBLIC;

-- The same in the tenant that the statement is scoped to. The application's role learns
-- nothing of other tenants, and of a user only what the id of one of their sessions tells.
CREATE FUNCTION bailiwick.hold_right(key uuid, person uuid, session uuid, alone boolean)
RETURNS TABLE (valid boolean, expires_at timestamptz, super_admin boolean, role text, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid := bailiwick.current_tenant();
BEGIN
  IF mine IS NULL THEN
    RAISE EXCEPTION 'a right is checked in the tenant that the statement is for, and this one is for none' USING ERRCODE = 'BW001';
  END IF;
  RETURN QUERY SELECT * FROM bailiwick.hold_right_in(mine, key, person, session, alone);
END $$;
REVOKE ALL ON FUNCTION bailiwick.hold_right(uuid, uuid, uuid, boolean) FROM PUBLIC;

-- The trigger of what ends a right. Its argument is the column of the caller's or the
-- tenant's id. The keys and members of a deleted tenant give no right: a purge, which removes
-- them all, takes no locks for them.
CREATE FUNCTION bailiwick.end_right()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  was jsonb := to_jsonb(OLD);
BEGIN
  IF TG_TABLE_NAME = 'tenants' THEN
    PERFORM pg_advisory_xact_lock(1651993460, hashtext(was ->> TG_ARGV[0]) & 255);
  ELSIF NOT EXISTS (SELECT FROM bailiwick.tenants AS t WHERE t.id = (was ->> 'tenant_id')::uuid AND t.state = 'deleted') THEN
    PERFORM pg_advisory_xact_lock(1651993458, hashtext(was ->> TG_ARGV[0]) & 255);
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION bailiwick.end_right() FROM PUBLIC;

CREATE TRIGGER end_right_update BEFORE UPDATE ON bailiwick.tenants
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION bailiwick.end_right('id');
CREATE TRIGGER end_right_update BEFORE UPDATE ON bailiwick.api_keys
  FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role OR OLD.expires_at IS DISTINCT FROM NEW.expires_at)
  EXECUTE FUNCTION bailiwick.end_right('id');
CREATE TRIGGER end_right_delete BEFORE DELETE ON bailiwick.api_keys
  FOR EACH ROW EXECUTE FUNCTION bailiwick.end_right('id');
CREATE TRIGGER end_right_update BEFORE UPDATE ON bailiwick.users
  FOR EACH ROW WHEN (OLD.super_admin IS DISTINCT FROM NEW.super_admin) EXECUTE FUNCTION bailiwick.end_right('id');
CREATE TRIGGER end_right_delete BEFORE DELETE ON bailiwick.users
  FOR EACH ROW EXECUTE FUNCTION bailiwick.end_right('id');
CREATE TRIGGER end_right_update BEFORE UPDATE ON bailiwick.members
  FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role) EXECUTE FUNCTION bailiwick.end_right('user_id');
CREATE TRIGGER end_right_delete BEFORE DELETE ON bailiwick.members
  FOR EACH ROW EXECUTE FUNCTION bailiwick.end_right('user_id');
CREATE TRIGGER end_right_update BEFORE UPDATE ON bailiwick.sessions
  FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.expires_at IS DISTINCT FROM NEW.expires_at)
  EXECUTE FUNCTION bailiwick.end_right('user_id');
CREATE TRIGGER end_right_delete BEFORE DELETE ON bailiwick.sessions
  FOR EACH ROW EXECUTE FUNCTION bailiwick.end_right('user_id');
