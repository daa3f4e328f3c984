package examine

import "github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"

// keyChecks look at unique keys, exclusion constraints and foreign keys: none of
// them asks a policy. The library's own tables are exempt: the keys of theirs
// that span tenants are of random ids and of hashes.
//
// Each fix is one statement, or several that are sent together, so that the key
// is never missing. Foreign keys that lean on a unique key are made again with
// it.
var keyChecks = []check{
	{"unique_without_tenant", doctor.SeverityError,
		"a unique key over all tenants tells one that another has the value, and keeps it from" +
			" using it", `
		WITH ` + leaning + `
		SELECT format('%s (%s)', t.name, x.relname), ` + remade(`CASE WHEN k.oid IS NULL
		         THEN format('DROP INDEX %s; ', i.indexrelid::regclass) || regexp_replace(pg_get_indexdef(i.indexrelid), ' USING (\w+) \(', ' USING \1 (tenant_id, ')
		         ELSE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s', t.name, k.conname, regexp_replace(pg_get_constraintdef(k.oid), '\(', '(tenant_id, ')) END`) + `,
		       false,
		       NOT t.declared AND t.oid NOT IN (SELECT oid FROM reached) OR coalesce(sole.atttypid = 'uuid'::regtype
		         AND (i.indisprimary OR pg_get_expr(ad.adbin, ad.adrelid) ~ '(gen_random_uuid|uuid_generate_v|uuidv[47])'), false)
		  FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition
		  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u')
		  LEFT JOIN pg_attribute sole ON i.indnkeyatts = 1 AND sole.attrelid = t.oid AND sole.attnum = i.indkey[0]
		  LEFT JOIN pg_attrdef ad ON ad.adrelid = t.oid AND ad.adnum = sole.attnum
		 WHERE NOT t.library AND t.tenant <> ALL ((i.indkey::int2[])[0:i.indnkeyatts - 1])`},
	{"unique_not_leading", doctor.SeverityWarning,
		"a unique key that doesn't begin with tenant_id serves no statement of one tenant", `
		WITH ` + leaning + `
		SELECT format('%s (%s)', t.name, x.relname), ` + remade(`CASE WHEN k.oid IS NULL
		         THEN format('DROP INDEX %s; ', i.indexrelid::regclass)
		           || regexp_replace(regexp_replace(pg_get_indexdef(i.indexrelid), ', tenant_id\M', ''), ' USING (\w+) \(', ' USING \1 (tenant_id, ')
		         ELSE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s', t.name, k.conname,
		           regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), ', tenant_id\M', ''), '\(', '(tenant_id, ')) END`) + `, false, false
		  FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition
		  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u')
		 WHERE NOT t.library AND t.tenant = ANY ((i.indkey::int2[])[1:i.indnkeyatts - 1])`},
	{"exclusion_without_tenant", doctor.SeverityError,
		"an exclusion constraint over all tenants tells one what another has, and keeps it from" +
			" using it", `
		SELECT format('%s (%s)', t.name, k.conname), 'CREATE EXTENSION IF NOT EXISTS btree_gist; '
		         || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s', t.name, k.conname, regexp_replace(pg_get_constraintdef(k.oid), '\(', '(tenant_id WITH =, ')),
		       false, NOT t.declared AND t.oid NOT IN (SELECT oid FROM reached)
		  FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'x'
		 WHERE NOT t.library AND t.tenant <> ALL (k.conkey)`},
	{"foreign_key_without_tenant", doctor.SeverityError,
		"a foreign key without tenant_id accepts another tenant's row, and so tells that it is" +
			" there, and deletes along with it", `
		WITH ` + leaning + `
		SELECT format('%s (%s)', f.name, f.conname), CASE WHEN f.def IS NULL THEN format('ALTER TABLE %s DROP CONSTRAINT %I', f.name, f.conname)
		         ELSE CASE WHEN f.target_unique THEN '' ELSE format('ALTER TABLE %s ADD UNIQUE (tenant_id, %s); ', f.target, f.target_columns) END
		           || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s', f.name, f.conname, f.def) END, false, false
		  FROM leaning f WHERE NOT f.paired`},
}

// leaning are the foreign keys that refer to owned tables, each with the
// definition that it should have: tenant_id in front, on both sides. One of a
// table without tenant_id can have none. What a deletion sets to NULL is named,
// where PostgreSQL knows how (15): it would be tenant_id as well.
const leaning = `leaning AS (
	SELECT b.*, CASE WHEN b.paired THEN b.was WHEN b.tenant IS NULL THEN NULL
	         WHEN current_setting('server_version_num')::int >= 150000
	         THEN regexp_replace(b.wanted, '(ON DELETE SET (NULL|DEFAULT))( NOT VALID| ON UPDATE|$)', '\1 (' || b.columns || ')\3') ELSE b.wanted END AS def
	  FROM (
	    SELECT k.conname, k.conindid, k.conrelid::regclass::text AS name, t.name AS target, a.attnum AS tenant, pg_get_constraintdef(k.oid) AS was,
	           replace(regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), '\(', '(tenant_id, '), ' REFERENCES ([^(]+)\(', ' REFERENCES \1(tenant_id, '), ' MATCH FULL', '') AS wanted,
	           substring(pg_get_constraintdef(k.oid) FROM 'FOREIGN KEY \(([^)]*)\)') AS columns,
	           substring(pg_get_constraintdef(k.oid) FROM 'REFERENCES [^(]+\(([^)]*)\)') AS target_columns,
	           EXISTS (SELECT FROM unnest(k.conkey, k.confkey) u (here, there) WHERE u.here = a.attnum AND u.there = t.tenant) AS paired,
	           EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisunique AND i.indpred IS NULL AND i.indnatts = cardinality(k.confkey) + 1
	                    AND i.indkey::int2[] @> (t.tenant || k.confkey)) AS target_unique
	      FROM pg_constraint k JOIN tables t ON t.oid = k.confrelid AND t.tenant IS NOT NULL
	      LEFT JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
	     WHERE k.contype = 'f' AND k.conparentid = 0
	  ) b
)`

// remade is a fix of the unique key i, with the foreign keys that lean on it
// taken away before and put back behind.
func remade(fix string) string {
	return `coalesce((SELECT string_agg(format('ALTER TABLE %s DROP CONSTRAINT %I; ', l.name, l.conname), '') FROM leaning l WHERE l.conindid = i.indexrelid), '')
		|| ` + fix + `
		|| coalesce((SELECT string_agg(format('; ALTER TABLE %s ADD CONSTRAINT %I %s', l.name, l.conname, l.def), '') FROM leaning l WHERE l.conindid = i.indexrelid AND l.def IS NOT NULL), '')`
}
