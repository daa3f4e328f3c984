-- The column with the tenant's id may have another name than tenant_id. columns has that of each declared table, in
-- the same order.
DROP FUNCTION bailiwick.purge_leftovers(text[], text[], text);
DROP FUNCTION bailiwick.other_tenant_tables(text[], text[]);
DROP FUNCTION bailiwick.purge(text[]);
DROP FUNCTION bailiwick.purge_rows(uuid, text[]);
DROP FUNCTION bailiwick.purge_refusal(text[]);
DROP FUNCTION bailiwick.purge_tables(text[]);

-- Every table that has rows of tenants: the library's, those declared and those in their schemas, any
-- with the library's policy, and what inherits from one. root is one that no other of them is a parent
-- of; tenant is the column with the tenant's id.
CREATE FUNCTION bailiwick.purge_tables(declared text[], columns text[])
RETURNS TABLE (oid oid, name text, root boolean, log boolean, tenant name)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  WITH RECURSIVE declared_in AS (
    SELECT c.oid, c.relnamespace, d.tenant FROM unnest(declared, columns) AS d (name, tenant) JOIN pg_class AS c ON c.oid = to_regclass(d.name)::oid
  ), tree AS (
    SELECT c.oid, a.attname FROM pg_class AS c LEFT JOIN declared_in AS own ON own.oid = c.oid
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = coalesce(own.tenant, 'tenant_id')
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
       AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped
       AND (c.relnamespace = 'bailiwick'::regnamespace OR c.relnamespace IN (SELECT d.relnamespace FROM declared_in AS d)
         OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant'))
    UNION
    SELECT i.inhrelid, t.attname FROM tree AS t JOIN pg_inherits AS i ON i.inhparent = t.oid
  )
  SELECT t.oid, format('%I.%I', n.nspname, c.relname),
         NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = t.oid AND i.inhparent IN (SELECT u.oid FROM tree AS u)),
         c.relnamespace = 'bailiwick'::regnamespace AND c.relname LIKE 'audit%', t.attname
    FROM tree AS t JOIN pg_class AS c ON c.oid = t.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p')
   ORDER BY 2
$$;
REVOKE ALL ON FUNCTION bailiwick.purge_tables(text[], text[]) FROM PUBLIC;

-- Why rows could stay unseen, or rows of another tenant be removed: a sentence for whoever runs the database, or NULL.
CREATE FUNCTION bailiwick.purge_refusal(declared text[], columns text[])
RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found text;
BEGIN
  SELECT string_agg(t.name, ', ') INTO found FROM bailiwick.purge_tables(declared, columns) AS t JOIN pg_class AS c ON c.oid = t.oid
   WHERE t.root AND NOT pg_has_role(current_user, c.relowner, 'USAGE'); -- through its parent a partition is emptied whoever owns it
  IF found IS NOT NULL THEN
    RETURN format('the role %I must own every table with rows of tenants, and doesn''t own %s', current_user, found);
  END IF;
  SELECT string_agg(format('%s (policy %I)', t.name, p.polname), ', ') INTO found
    FROM bailiwick.purge_tables(declared, columns) AS t JOIN pg_policy AS p ON p.polrelid = t.oid
   WHERE NOT p.polpermissive AND p.polcmd IN ('*', 'r', 'd')
     AND EXISTS (SELECT FROM unnest(p.polroles) AS r (role) WHERE r.role = 0 OR pg_has_role(current_user, r.role, 'USAGE'));
  IF found IS NOT NULL THEN
    RETURN 'a restrictive policy hides rows of the tenant from their removal: ' || found;
  END IF;
  SELECT string_agg(format('%s (constraint %I)', t.name, k.conname), ', ') INTO found
    FROM bailiwick.purge_tables(declared, columns) AS t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f'
    JOIN bailiwick.purge_tables(declared, columns) AS target ON target.oid = k.confrelid
   WHERE k.confdeltype IN ('c', 'n', 'd') AND NOT EXISTS (
     SELECT FROM unnest(k.conkey, k.confkey) AS pair (own, other)
       JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = pair.own AND a.attname = t.tenant
       JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = pair.other AND b.attname = target.tenant);
  IF found IS NOT NULL THEN
    RETURN 'a foreign key without the column of the tenant would take rows of other tenants along: ' || found;
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.purge_refusal(text[], text[]) FROM PUBLIC;

-- Removes the tenant's rows from these tables, and returns how many of each. All of them in one statement:
-- foreign keys are checked when it ends, whatever their order. Where a trigger of the host changes a row that
-- the same statement removes, table by table instead, in several passes: a table whose rows are referred to
-- waits for its turn. Triggers of the host run by the search path of any other session: nothing here is looked
-- up by it.
CREATE FUNCTION bailiwick.purge_rows(mine uuid, tables text[], columns text[])
RETURNS jsonb LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  path text := (SELECT s.reset_val FROM pg_settings AS s WHERE s.name = 'search_path');
  counts jsonb := (SELECT jsonb_object_agg(t.name, 0) FROM unnest(tables) AS t (name));
  together text;
  one record;
  removed bigint;
BEGIN
  SELECT 'WITH ' || string_agg(format('d%s AS (DELETE FROM %s WHERE %I OPERATOR(pg_catalog.=) $1 RETURNING 1)', t.at, t.name, t.tenant), ', ')
      || ' SELECT pg_catalog.jsonb_object_agg(c.name, c.n) FROM ('
      || string_agg(format('SELECT %L, (SELECT pg_catalog.count(*) FROM d%s)', t.name, t.at), ' UNION ALL ') || ') AS c (name, n)'
    INTO together FROM unnest(tables, columns) WITH ORDINALITY AS t (name, tenant, at);
  BEGIN
    PERFORM pg_catalog.set_config('search_path', path || ', pg_temp', true);
    EXECUTE together INTO counts USING mine;
    SET CONSTRAINTS ALL IMMEDIATE; -- what a trigger put off happens now, and is removed by the next pass
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    RETURN counts;
  EXCEPTION WHEN triggered_data_change_violation THEN
    NULL; -- which has taken back the search path too
  END;
  FOR one IN SELECT t.name, t.tenant FROM unnest(tables, columns) AS t (name, tenant) LOOP
    BEGIN
      PERFORM pg_catalog.set_config('search_path', path || ', pg_temp', true);
      EXECUTE pg_catalog.format('DELETE FROM %s WHERE %I OPERATOR(pg_catalog.=) $1', one.name, one.tenant) USING mine;
      GET DIAGNOSTICS removed = ROW_COUNT;
      SET CONSTRAINTS ALL IMMEDIATE;
      PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      counts := counts || jsonb_build_object(one.name, removed);
    EXCEPTION WHEN foreign_key_violation THEN
      NULL;
    END;
  END LOOP;
  RETURN counts;
END $$;
REVOKE ALL ON FUNCTION bailiwick.purge_rows(uuid, text[], text[]) FROM PUBLIC;

-- Purges the tenant that the statement is scoped to, which must be deleted, and returns what it removed. Row
-- security that is forced holds the owner too: no mistake here reaches another tenant's rows of such a table.
CREATE FUNCTION bailiwick.purge(declared text[], columns text[])
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid := bailiwick.current_tenant();
  doomed bailiwick.tenants;
  log bailiwick.audit_heads;
  tables text[];
  tenants text[];
  logs text[];
  counts jsonb;
  total jsonb := '{}';
  refusal text;
  one record;
  left_over boolean;
BEGIN
  -- Imports under way end first: they hold this lock (importLock) before the tenant's row.
  PERFORM pg_advisory_xact_lock(1651993449, hashtext(mine::text));
  -- Whoever writes holds this row by a foreign key: they end first, and the next find no tenant.
  SELECT * INTO doomed FROM bailiwick.tenants AS t WHERE t.id = mine FOR UPDATE;
  IF doomed.id IS NULL OR doomed.deleted_at IS NULL OR mine = '01900000-0000-7000-8000-000000000000' THEN
    RAISE EXCEPTION 'the tenant is not deleted' USING ERRCODE = 'BW003';
  END IF;
  refusal := bailiwick.purge_refusal(declared, columns);
  IF refusal IS NOT NULL THEN
    RAISE EXCEPTION '%', refusal USING ERRCODE = 'BW003';
  END IF;
  SELECT array_agg(t.name ORDER BY t.name) FILTER (WHERE NOT t.log), array_agg(t.tenant::text ORDER BY t.name) FILTER (WHERE NOT t.log),
         array_agg(t.name ORDER BY t.name) FILTER (WHERE t.log)
    INTO tables, tenants, logs FROM bailiwick.purge_tables(declared, columns) AS t WHERE t.root;
  FOR pass IN 1 .. 20 LOOP
    counts := bailiwick.purge_rows(mine, tables, tenants);
    total := (SELECT jsonb_object_agg(c.key, c.value::bigint + coalesce((total ->> c.key)::bigint, 0)) FROM jsonb_each_text(counts) AS c);
    EXIT WHEN NOT EXISTS (SELECT FROM jsonb_each_text(counts) AS c WHERE c.value <> '0');
  END LOOP;
  -- The log last, as those who write it hold its end last.
  SELECT * INTO log FROM bailiwick.audit_heads AS h WHERE h.tenant_id = mine FOR UPDATE;
  total := total || bailiwick.purge_rows(mine, logs, array_fill('tenant_id'::text, ARRAY[cardinality(logs)]));
  FOR one IN SELECT t.name, t.tenant FROM bailiwick.purge_tables(declared, columns) AS t WHERE t.root LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I = $1)', one.name, one.tenant) INTO left_over USING mine;
    IF left_over THEN
      RAISE EXCEPTION 'rows of the tenant remain in %: a trigger or a rule keeps them', one.name USING ERRCODE = 'BW003';
    END IF;
  END LOOP;
  DELETE FROM bailiwick.tenants AS t WHERE t.id = mine;
  INSERT INTO bailiwick.retired (id, slug, purged_at) VALUES (mine, doomed.slug, now());
  RETURN jsonb_build_object('slug', doomed.slug, 'rows', total || '{"bailiwick.tenants": 1}', 'purged_at', now(),
    'seq', coalesce(log.seq, 0), 'hash', encode(coalesce(log.hash, decode(repeat('00', 32), 'hex')), 'hex'));
END $$;
REVOKE ALL ON FUNCTION bailiwick.purge(text[], text[]) FROM PUBLIC;

-- The tables and materialized views that have a tenant's id and that a purge doesn't empty: in another schema, with
-- an id of another type or under another name, or out of the owner's reach. exempt are the tables whose rows belong
-- to no tenant, whatever their columns say.
CREATE FUNCTION bailiwick.other_tenant_tables(declared text[], columns text[], exempt text[])
RETURNS TABLE (oid oid, name text, found text[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.oid, format('%I.%I', n.nspname, c.relname), array_agg(quote_ident(a.attname) ORDER BY a.attnum)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.relispopulated AND NOT c.relispartition AND c.relpersistence <> 't'
     AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'bailiwick')
     AND NOT EXISTS (SELECT FROM pg_constraint AS k -- the database itself refuses to remove the tenant
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = 'bailiwick.tenants'::regclass AND k.conkey = ARRAY[a.attnum]
          AND k.confdeltype IN ('a', 'r'))
     AND (lower(a.attname) IN ('tenant_id', 'tenantid') OR a.attname = ANY (columns) OR EXISTS (
       SELECT FROM pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = 'bailiwick.tenants'::regclass AND k.conkey = ARRAY[a.attnum]))
     AND c.oid NOT IN (SELECT t.oid FROM bailiwick.purge_tables(declared, columns) AS t)
     AND NOT EXISTS (SELECT FROM unnest(exempt) AS e (name) WHERE e.name = format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')))
   GROUP BY 1, 2
   ORDER BY 2
$$;
REVOKE ALL ON FUNCTION bailiwick.other_tenant_tables(text[], text[], text[]) FROM PUBLIC;

-- Why a purge of this tenant would leave rows: a sentence for whoever runs the database, or NULL. An id that isn't a
-- uuid is compared by its last 32 hexadecimal digits, however it is written, and with the tenant's slug.
CREATE FUNCTION bailiwick.purge_leftovers(declared text[], columns text[], exempt text[], slug text)
RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid := bailiwick.current_tenant();
  other record;
  is_left boolean;
  holding text[] := '{}';
  hidden text[] := '{}';
BEGIN
  FOR other IN SELECT * FROM bailiwick.other_tenant_tables(declared, columns, exempt) LOOP
    IF NOT has_schema_privilege((SELECT c.relnamespace FROM pg_class AS c WHERE c.oid = other.oid), 'USAGE')
       OR NOT has_table_privilege(other.oid, 'SELECT')
       OR row_security_active(other.oid) AND NOT EXISTS (
         SELECT FROM pg_policy AS p WHERE p.polrelid = other.oid AND p.polname = 'bailiwick_tenant') THEN
      hidden := hidden || other.name;
      CONTINUE;
    END IF;
    EXECUTE (SELECT format('SELECT EXISTS (SELECT FROM %s AS t WHERE %s)', other.name, string_agg(format(
        '%1$s OPERATOR(pg_catalog.=) $2 OR pg_catalog.right(pg_catalog.regexp_replace(pg_catalog.lower(%1$s), ''[^0-9a-f]'', '''', ''g''), 32) OPERATOR(pg_catalog.=) $1',
        't.' || c.name || '::pg_catalog.text'), ' OR ')) FROM unnest(other.found) AS c (name))
      INTO is_left USING replace(mine::text, '-', ''), slug;
    IF is_left THEN
      holding := holding || other.name;
    END IF;
  END LOOP;
  IF holding <> '{}' THEN
    RETURN format('tables that aren''t declared hold rows of the tenant: %s; declare each table as one of tenants, or delete the tenant''s rows from it (a materialized view: drop it, or name it as one without tenants and refresh it afterwards)',
      array_to_string(holding, ', '));
  END IF;
  IF hidden <> '{}' THEN
    RETURN format('tables that aren''t declared may hold rows of the tenant, and the role %I can''t read them: %s; grant it SELECT on each table and USAGE on its schema, declare the table as one of tenants, or name it as one without tenants',
      current_user, array_to_string(hidden, ', '));
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION bailiwick.purge_leftovers(text[], text[], text[], text) FROM PUBLIC;

-- Runs after each statement that adds rows to a kind's table, and after each that makes deleted rows
-- living ones again. Its arguments are the kind, the column with the tenant's id if it isn't
-- tenant_id, and, if rows are only marked as deleted, the column that is NULL in living ones: only
-- these count. A tenant without a quota of the kind costs one look at its row, which is locked, so
-- that no purge of the tenant overlooks what was added.
--
-- The tenant is that of the rows, whatever the statement has made of its setting by now. What row
-- security then hides from the count is refused.
CREATE OR REPLACE FUNCTION bailiwick.quota() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  owner text := coalesce(TG_ARGV[1], 'tenant_id');
  living text := '';
  mine uuid;
  tenants uuid[];
  allowed bigint;
  held bigint;
BEGIN
  IF TG_NARGS = 1 THEN
    tenants := ARRAY(SELECT DISTINCT a.tenant_id FROM added AS a);
  ELSIF TG_NARGS = 2 THEN
    EXECUTE format('SELECT array_agg(DISTINCT a.%I) FROM added AS a', owner) INTO tenants;
  ELSE
    living := format(' AND %I IS NULL', TG_ARGV[2]);
    EXECUTE format(CASE TG_OP
      WHEN 'INSERT' THEN 'SELECT array_agg(DISTINCT a.%1$I) FROM added AS a WHERE a.%2$I IS NULL'
      ELSE 'SELECT array_agg(DISTINCT a.%1$I) FROM added AS a JOIN was AS w ON w.%1$I = a.%1$I AND w.id = a.id WHERE a.%2$I IS NULL AND w.%2$I IS NOT NULL'
    END, owner, TG_ARGV[2]) INTO tenants;
  END IF;
  FOREACH mine IN ARRAY coalesce(tenants, '{}') LOOP
    SELECT (t.quotas #>> ARRAY['resources', TG_ARGV[0]])::bigint INTO allowed FROM bailiwick.tenants AS t WHERE t.id = mine FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE foreign_key_violation USING MESSAGE = 'there is no such tenant to add rows for';
    END IF;
    CONTINUE WHEN allowed IS NULL;
    PERFORM bailiwick.take_turn(mine, TG_ARGV[0]);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I.%I WHERE %I = $1%s LIMIT $2) AS held', TG_TABLE_SCHEMA, TG_TABLE_NAME, owner, living)
      INTO held USING mine, allowed + 1;
    IF held > allowed OR held = 0 THEN
      RAISE EXCEPTION 'the tenant has as many of kind % as it may have', TG_ARGV[0]
        USING ERRCODE = 'BW002', DETAIL = jsonb_build_object('kind', TG_ARGV[0], 'limit', allowed)::text;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
