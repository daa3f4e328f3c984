-- What becomes of tenants at the end: what a purge leaves, how it is done, and how
-- much a tenant may have until then.

-- The tenants that were purged. Neither id nor slug is ever another's: who has an
-- old link, key or cursor must not find somebody else behind it.
CREATE TABLE bailiwick.retired (
  id        uuid PRIMARY KEY,
  slug      text COLLATE "C" NOT NULL UNIQUE,
  purged_at timestamptz NOT NULL
);

-- Looks once a new tenant's row stands, which a purge of the same slug under way
-- has been waited for by then.
CREATE FUNCTION bailiwick.refuse_retired() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM bailiwick.retired AS r WHERE r.id = NEW.id) THEN
    RAISE unique_violation USING MESSAGE = 'a purged tenant had this id', CONSTRAINT = 'tenants_pkey';
  END IF;
  IF EXISTS (SELECT FROM bailiwick.retired AS r WHERE r.slug = NEW.slug) THEN
    RAISE unique_violation USING MESSAGE = 'a purged tenant had this slug', CONSTRAINT = 'tenants_slug_key';
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.refuse_retired() FROM PUBLIC;
CREATE TRIGGER bailiwick_retired AFTER INSERT ON bailiwick.tenants FOR EACH ROW EXECUTE FUNCTION bailiwick.refuse_retired();

-- A transaction that began before a purge could write the first entry of a new log
-- for a tenant that isn't there any more.
CREATE FUNCTION bailiwick.audit_of_tenant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NEW.tenant_id <> '00000000-0000-0000-0000-000000000000' THEN
    PERFORM FROM bailiwick.tenants AS t WHERE t.id = NEW.tenant_id FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE foreign_key_violation USING MESSAGE = 'there is no such tenant to keep a log of';
    END IF;
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_of_tenant() FROM PUBLIC;
CREATE TRIGGER bailiwick_tenant BEFORE INSERT ON bailiwick.audit_heads FOR EACH ROW EXECUTE FUNCTION bailiwick.audit_of_tenant();
CREATE TRIGGER bailiwick_tenant BEFORE INSERT ON bailiwick.audit_pending FOR EACH ROW EXECUTE FUNCTION bailiwick.audit_of_tenant();

-- Every table that has rows of tenants: the library's, those declared and those
-- beside them, any with the library's policy, and what inherits from one. root is
-- one that no other of them is a parent of.
CREATE FUNCTION bailiwick.purge_tables(declared text[])
RETURNS TABLE (oid oid, name text, root boolean, log boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE declared_in AS (
    SELECT c.relnamespace FROM unnest(declared) AS d (name) JOIN pg_class AS c ON c.oid = to_regclass(d.name)::oid
  ), tree AS (
    SELECT c.oid FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
       AND a.attname = 'tenant_id' AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped
       AND (c.relnamespace = 'bailiwick'::regnamespace OR c.relnamespace IN (SELECT d.relnamespace FROM declared_in AS d)
         OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant'))
    UNION
    SELECT i.inhrelid FROM tree AS t JOIN pg_inherits AS i ON i.inhparent = t.oid
  )
  SELECT t.oid, format('%I.%I', n.nspname, c.relname),
         NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = t.oid AND i.inhparent IN (SELECT u.oid FROM tree AS u)),
         c.relnamespace = 'bailiwick'::regnamespace AND c.relname LIKE 'audit%'
    FROM tree AS t JOIN pg_class AS c ON c.oid = t.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p')
   ORDER BY 2
$$;
REVOKE ALL ON FUNCTION bailiwick.purge_tables(text[]) FROM PUBLIC;

-- Why rows could stay unseen, or another tenant's go: a sentence for whoever runs
-- the database, or NULL.
CREATE FUNCTION bailiwick.purge_refusal(declared text[])
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found text;
BEGIN
  SELECT string_agg(t.name, ', ') INTO found FROM bailiwick.purge_tables(declared) AS t JOIN pg_class AS c ON c.oid = t.oid
   WHERE t.root AND NOT pg_has_role(current_user, c.relowner, 'USAGE'); -- through its parent a partition is emptied whoever owns it
  IF found IS NOT NULL THEN
    RETURN format('the role %I must own every table with rows of tenants, and doesn''t own %s', current_user, found);
  END IF;
  SELECT string_agg(format('%s (policy %I)', t.name, p.polname), ', ') INTO found
    FROM bailiwick.purge_tables(declared) AS t JOIN pg_policy AS p ON p.polrelid = t.oid
   WHERE NOT p.polpermissive AND p.polcmd IN ('*', 'r', 'd')
     AND EXISTS (SELECT FROM unnest(p.polroles) AS r (role) WHERE r.role = 0 OR pg_has_role(current_user, r.role, 'USAGE'));
  IF found IS NOT NULL THEN
    RETURN 'a restrictive policy hides rows of the tenant from their removal: ' || found;
  END IF;
  SELECT string_agg(format('%s (constraint %I)', t.name, k.conname), ', ') INTO found
    FROM bailiwick.purge_tables(declared) AS t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f'
    JOIN bailiwick.purge_tables(declared) AS target ON target.oid = k.confrelid
   WHERE k.confdeltype IN ('c', 'n', 'd') AND NOT EXISTS (
     SELECT FROM unnest(k.conkey, k.confkey) AS pair (own, other)
       JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = pair.own AND a.attname = 'tenant_id'
       JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = pair.other AND b.attname = 'tenant_id');
  IF found IS NOT NULL THEN
    RETURN 'a foreign key without tenant_id would take rows of other tenants along: ' || found;
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.purge_refusal(text[]) FROM PUBLIC;

-- Removes the tenant's rows from these tables and answers how many of each. All of
-- them in one statement: foreign keys are looked at when it ends, whatever their
-- order, in circles too. Where a trigger of the host changes a row that the same
-- statement removes, table by table instead, again and again: a table whose rows
-- are referred to waits for its turn.
--
-- Triggers of the host run as they do in any other session, so by its search path:
-- nothing here is looked up by it.
CREATE FUNCTION bailiwick.purge_rows(mine uuid, tables text[])
RETURNS jsonb LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  path text := (SELECT s.reset_val FROM pg_settings AS s WHERE s.name = 'search_path');
  counts jsonb := (SELECT jsonb_object_agg(t.name, 0) FROM unnest(tables) AS t (name));
  together text;
  one text;
  removed bigint;
BEGIN
  SELECT 'WITH ' || string_agg(format('d%s AS (DELETE FROM %s WHERE tenant_id OPERATOR(pg_catalog.=) $1 RETURNING 1)', t.at, t.name), ', ')
      || ' SELECT pg_catalog.jsonb_object_agg(c.name, c.n) FROM ('
      || string_agg(format('SELECT %L, (SELECT pg_catalog.count(*) FROM d%s)', t.name, t.at), ' UNION ALL ') || ') AS c (name, n)'
    INTO together FROM unnest(tables) WITH ORDINALITY AS t (name, at);
  BEGIN
    PERFORM pg_catalog.set_config('search_path', path || ', pg_temp', true);
    EXECUTE together INTO counts USING mine;
    SET CONSTRAINTS ALL IMMEDIATE; -- what a trigger put off happens now, and is removed by the next pass
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    RETURN counts;
  EXCEPTION WHEN triggered_data_change_violation THEN
    NULL; -- which has taken back the search path too
  END;
  FOREACH one IN ARRAY tables LOOP
    BEGIN
      PERFORM pg_catalog.set_config('search_path', path || ', pg_temp', true);
      EXECUTE 'DELETE FROM ' OPERATOR(pg_catalog.||) one OPERATOR(pg_catalog.||) ' WHERE tenant_id OPERATOR(pg_catalog.=) $1' USING mine;
      GET DIAGNOSTICS removed = ROW_COUNT;
      SET CONSTRAINTS ALL IMMEDIATE;
      PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      counts := counts || jsonb_build_object(one, removed);
    EXCEPTION WHEN foreign_key_violation THEN
      NULL;
    END;
  END LOOP;
  RETURN counts;
END $$;
REVOKE ALL ON FUNCTION bailiwick.purge_rows(uuid, text[]) FROM PUBLIC;

-- Purges the tenant that the statement is scoped to, which must be deleted, and
-- answers what it removed. Row security that is forced holds the owner too: no
-- mistake here reaches another tenant's rows of such a table.
CREATE FUNCTION bailiwick.purge(declared text[])
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid := bailiwick.current_tenant();
  doomed bailiwick.tenants;
  log bailiwick.audit_heads;
  tables text[];
  logs text[];
  counts jsonb;
  total jsonb := '{}';
  refusal text;
  one text;
  left_over boolean;
BEGIN
  -- Imports under way end first: they hold this lock (importLock) before the tenant's row.
  PERFORM pg_advisory_xact_lock(1651993449, hashtext(mine::text));
  -- Whoever writes holds this row by a foreign key: they end first, and the next find no tenant.
  SELECT * INTO doomed FROM bailiwick.tenants AS t WHERE t.id = mine FOR UPDATE;
  IF doomed.id IS NULL OR doomed.state <> 'deleted' OR mine = '01900000-0000-7000-8000-000000000000' THEN
    RAISE EXCEPTION 'the tenant is not deleted' USING ERRCODE = 'BW003';
  END IF;
  refusal := bailiwick.purge_refusal(declared);
  IF refusal IS NOT NULL THEN
    RAISE EXCEPTION '%', refusal USING ERRCODE = 'BW003';
  END IF;
  SELECT array_agg(t.name) FILTER (WHERE NOT t.log), array_agg(t.name) FILTER (WHERE t.log) INTO tables, logs FROM bailiwick.purge_tables(declared) AS t WHERE t.root;
  FOR pass IN 1 .. 20 LOOP
    counts := bailiwick.purge_rows(mine, tables);
    total := (SELECT jsonb_object_agg(c.key, c.value::bigint + coalesce((total ->> c.key)::bigint, 0)) FROM jsonb_each_text(counts) AS c);
    EXIT WHEN NOT EXISTS (SELECT FROM jsonb_each_text(counts) AS c WHERE c.value <> '0');
  END LOOP;
  -- The log last, as those who write it hold its end last.
  SELECT * INTO log FROM bailiwick.audit_heads AS h WHERE h.tenant_id = mine FOR UPDATE;
  total := total || bailiwick.purge_rows(mine, logs);
  FOREACH one IN ARRAY tables || logs LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant_id = $1)', one) INTO left_over USING mine;
    IF left_over THEN
      RAISE EXCEPTION 'rows of the tenant remain in %: a trigger or a rule keeps them', one USING ERRCODE = 'BW003';
    END IF;
  END LOOP;
  DELETE FROM bailiwick.tenants AS t WHERE t.id = mine;
  INSERT INTO bailiwick.retired (id, slug, purged_at) VALUES (mine, doomed.slug, now());
  RETURN jsonb_build_object('slug', doomed.slug, 'rows', total || '{"bailiwick.tenants": 1}', 'purged_at', now(),
    'seq', coalesce(log.seq, 0), 'hash', encode(coalesce(log.hash, decode(repeat('00', 32), 'hex')), 'hex'));
END $$;
REVOKE ALL ON FUNCTION bailiwick.purge(text[]) FROM PUBLIC;

-- Quotas: how many resources of a kind a tenant may have, and what else it may use.
ALTER TABLE bailiwick.tenants ADD COLUMN quotas jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(quotas) = 'object');

-- Who counts holds the row of what is counted, and leaves another version of it: so
-- a transaction with a snapshot from before fails where it would count too few.
CREATE TABLE bailiwick.quota_turns (
  tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  kind      text NOT NULL,
  turn      bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, kind)
) WITH (fillfactor = 50);

CREATE FUNCTION bailiwick.take_turn(mine uuid, counted text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO bailiwick.quota_turns AS q (tenant_id, kind) VALUES (mine, counted)
  ON CONFLICT (tenant_id, kind) DO UPDATE SET turn = q.turn + 1;
END $$;
REVOKE ALL ON FUNCTION bailiwick.take_turn(uuid, text) FROM PUBLIC;

-- Takes the turn of every kind that the tenant has a quota of, for an import: with
-- its first statement, so that its snapshot is of its own turn.
CREATE FUNCTION bailiwick.take_turns()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  counted text;
BEGIN
  FOR counted IN
    SELECT r.kind FROM bailiwick.tenants AS t, jsonb_object_keys(t.quotas -> 'resources') AS r (kind)
     WHERE t.id = bailiwick.current_tenant() ORDER BY 1
  LOOP
    PERFORM bailiwick.take_turn(bailiwick.current_tenant(), counted);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION bailiwick.take_turns() FROM PUBLIC;

-- Stands behind each statement that adds rows to a kind's table. A tenant without a
-- quota of the kind costs one look at its row, which is held, so that no purge of
-- the tenant overlooks what was added: most tables hold it already, by a foreign key.
--
-- The tenant is that of the rows, whatever the statement has made of its setting
-- by now. What row security then hides from the count is refused.
CREATE FUNCTION bailiwick.quota() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid;
  allowed bigint;
  held bigint;
BEGIN
  FOR mine IN SELECT DISTINCT a.tenant_id FROM added AS a LOOP
    SELECT (t.quotas #>> ARRAY['resources', TG_ARGV[0]])::bigint INTO allowed FROM bailiwick.tenants AS t WHERE t.id = mine FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE foreign_key_violation USING MESSAGE = 'there is no such tenant to add rows for';
    END IF;
    CONTINUE WHEN allowed IS NULL;
    PERFORM bailiwick.take_turn(mine, TG_ARGV[0]);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I.%I WHERE tenant_id = $1 LIMIT $2) AS held', TG_TABLE_SCHEMA, TG_TABLE_NAME)
      INTO held USING mine, allowed + 1;
    IF held > allowed OR held = 0 THEN
      RAISE EXCEPTION 'the tenant has as many of kind % as it may have', TG_ARGV[0]
        USING ERRCODE = 'BW002', DETAIL = jsonb_build_object('kind', TG_ARGV[0], 'limit', allowed)::text;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.quota() FROM PUBLIC;

-- What a key can be recognised by, who made it, and the key that took its place.
ALTER TABLE bailiwick.api_keys
  ADD COLUMN prefix text NOT NULL DEFAULT '',
  ADD COLUMN created_by jsonb,
  ADD COLUMN rotated_to uuid;
