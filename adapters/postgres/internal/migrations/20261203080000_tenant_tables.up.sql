-- The tables and materialized views that have a tenant's id and that a purge doesn't empty: in another
-- schema, with an id of another type or under another name, or out of the owner's reach. exempt are the tables whose rows
-- belong to no tenant, whatever their columns say.
CREATE FUNCTION bailiwick.other_tenant_tables(declared text[], exempt text[])
RETURNS TABLE (oid oid, name text, columns text[])
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
     AND (lower(a.attname) IN ('tenant_id', 'tenantid') OR EXISTS (
       SELECT FROM pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = 'bailiwick.tenants'::regclass AND k.conkey = ARRAY[a.attnum]))
     AND c.oid NOT IN (SELECT t.oid FROM bailiwick.purge_tables(declared) AS t)
     AND NOT EXISTS (SELECT FROM unnest(exempt) AS e (name) WHERE e.name = format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')))
   GROUP BY 1, 2
   ORDER BY 2
$$;
REVOKE ALL ON FUNCTION bailiwick.other_tenant_tables(text[], text[]) FROM PUBLIC;

-- Why a purge of this tenant would leave rows: a sentence for whoever runs the database, or NULL. An
-- id that isn't a uuid is compared by its last 32 hexadecimal digits, however it is written, and with
-- the tenant's slug.
CREATE FUNCTION bailiwick.purge_leftovers(declared text[], exempt text[], slug text)
RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  mine uuid := bailiwick.current_tenant();
  other record;
  is_left boolean;
  holding text[] := '{}';
  hidden text[] := '{}';
BEGIN
  FOR other IN SELECT * FROM bailiwick.other_tenant_tables(declared, exempt) LOOP
    IF NOT has_schema_privilege((SELECT c.relnamespace FROM pg_class AS c WHERE c.oid = other.oid), 'USAGE')
       OR NOT has_table_privilege(other.oid, 'SELECT')
       OR row_security_active(other.oid) AND NOT EXISTS (
         SELECT FROM pg_policy AS p WHERE p.polrelid = other.oid AND p.polname = 'bailiwick_tenant') THEN
      hidden := hidden || other.name;
      CONTINUE;
    END IF;
    EXECUTE (SELECT format('SELECT EXISTS (SELECT FROM %s AS t WHERE %s)', other.name, string_agg(format(
        '%1$s OPERATOR(pg_catalog.=) $2 OR pg_catalog.right(pg_catalog.regexp_replace(pg_catalog.lower(%1$s), ''[^0-9a-f]'', '''', ''g''), 32) OPERATOR(pg_catalog.=) $1',
        't.' || c.name || '::pg_catalog.text'), ' OR ')) FROM unnest(other.columns) AS c (name))
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
REVOKE ALL ON FUNCTION bailiwick.purge_leftovers(text[], text[], text) FROM PUBLIC;
