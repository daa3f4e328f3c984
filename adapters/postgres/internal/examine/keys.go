package examine

import "github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"

// keyChecks look for unique keys, exclusion constraints and foreign keys that span tenants. Their
// checks ignore policies, so that a write shows whether another tenant's row exists. The library's
// own tables are exempt: their keys that span tenants are random ids and hashes.
//
// Each fix is one statement, or several that are sent together, so that the key is never missing.
// Foreign keys that depend on a unique key are dropped and added again with it.
var keyChecks = []check{
	// It is only a warning for an undeclared table that the role can't use, and for a key of one
	// uuid column that is the primary key or has a random default: such a value can't be guessed.
	// Nor does the primary key of numbers from a sequence say more than the sequence's gaps do.
	{"unique_without_tenant", doctor.SeverityError,
		"a unique key over all tenants reveals that another tenant has a value, and prevents the" +
			" use of that value", `
		WITH ` + dependent + `
		SELECT format('%s (%s)', t.name, x.relname), ` + recreated(`CASE WHEN k.oid IS NULL
		         THEN format('DROP INDEX %s; ', i.indexrelid::regclass)
		           || regexp_replace(pg_get_indexdef(i.indexrelid), ' USING (\w+) \(',
		                ' USING \1 (' || quote_ident(t.column_name) || ', ')
		         ELSE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s', t.name, k.conname,
		           regexp_replace(pg_get_constraintdef(k.oid), '\(',
		             '(' || quote_ident(t.column_name) || ', ')) END`) + `,
		       false,
		       NOT t.declared AND t.oid NOT IN (SELECT oid FROM reached) OR coalesce(sole.atttypid = 'uuid'::regtype
		         AND (i.indisprimary
		           OR pg_get_expr(ad.adbin, ad.adrelid) ~ '(gen_random_uuid|uuid_generate_v|uuidv[47])'), false)
		         OR coalesce(i.indisprimary AND (sole.attidentity <> ''
		           OR pg_get_expr(ad.adbin, ad.adrelid) ~ '^nextval\('), false)
		  FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
		  JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition
		  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u')
		  LEFT JOIN pg_attribute sole ON i.indnkeyatts = 1 AND sole.attrelid = t.oid AND sole.attnum = i.indkey[0]
		  LEFT JOIN pg_attrdef ad ON ad.adrelid = t.oid AND ad.adnum = sole.attnum
		 WHERE NOT t.library AND t.tenant <> ALL ((i.indkey::int2[])[0:i.indnkeyatts - 1])`},
	// Statements of one tenant compare tenant_id with a constant, which an index serves if the
	// column comes first.
	{"unique_not_leading", doctor.SeverityWarning,
		"a unique key that doesn't begin with tenant_id is of no use to a tenant's statements", `
		WITH ` + dependent + `
		SELECT format('%s (%s)', t.name, x.relname), ` + recreated(`CASE WHEN k.oid IS NULL
		         THEN format('DROP INDEX %s; ', i.indexrelid::regclass)
		           || regexp_replace(regexp_replace(pg_get_indexdef(i.indexrelid), `+laterTenant+`, ''),
		                ' USING (\w+) \(', ' USING \1 (' || quote_ident(t.column_name) || ', ')
		         ELSE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s', t.name, k.conname,
		           regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), `+laterTenant+`, ''),
		             '\(', '(' || quote_ident(t.column_name) || ', ')) END`) + `, false, false
		  FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
		  JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition
		  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u')
		 WHERE NOT t.library AND t.tenant = ANY ((i.indkey::int2[])[1:i.indnkeyatts - 1])`},
	// The fix needs the extension btree_gist, for the operator = on uuid in a GiST index.
	{"exclusion_without_tenant", doctor.SeverityError,
		"an exclusion constraint over all tenants reveals that another tenant has a value, and" +
			" prevents the use of that value", `
		SELECT format('%s (%s)', t.name, k.conname), 'CREATE EXTENSION IF NOT EXISTS btree_gist; '
		         || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s', t.name, k.conname,
		              regexp_replace(pg_get_constraintdef(k.oid), '\(',
		                '(' || quote_ident(t.column_name) || ' WITH =, ')),
		       false, NOT t.declared AND t.oid NOT IN (SELECT oid FROM reached)
		  FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'x'
		 WHERE NOT t.library AND t.tenant <> ALL (k.conkey)`},
	// The fix adds the unique key (tenant_id, …) that the new foreign key needs, unless the target
	// has one. It drops a foreign key that can't have tenant_id on both sides.
	{"foreign_key_without_tenant", doctor.SeverityError,
		"a foreign key without tenant_id accepts a reference to another tenant's row, which" +
			" reveals that the row exists and can delete rows along with it", `
		WITH ` + dependent + `
		SELECT format('%s (%s)', f.name, f.conname),
		       CASE WHEN f.def IS NULL THEN format('ALTER TABLE %s DROP CONSTRAINT %I', f.name, f.conname)
		         ELSE CASE WHEN f.target_unique THEN ''
		                ELSE format('ALTER TABLE %s ADD UNIQUE (%I, %s); ', f.target, f.target_tenant,
		                  f.target_columns) END
		           || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %3$s',
		                f.name, f.conname, f.def) END,
		       false, false
		  FROM dependent f WHERE NOT f.paired`},
}

// laterTenant is a regular expression that matches the tenant's column of t after the first one.
const laterTenant = `', ' || regexp_replace(quote_ident(t.column_name), '([^[:alnum:]_ ])', '\\\1', 'g')
		             || CASE WHEN quote_ident(t.column_name) ~ '"$' THEN '' ELSE '\M' END`

// dependent are the foreign keys that refer to tables of tenants, each with the definition that it
// should have (def): the tenant's column first, on both sides. def is NULL for a table without it,
// which can't have such a key. PostgreSQL 15 and later can name the columns that ON DELETE SET NULL
// sets; def names them, because tenant_id would be set too.
const dependent = `dependent AS (
	SELECT b.*, CASE WHEN b.paired THEN b.was WHEN b.tenant IS NULL THEN NULL
	         WHEN current_setting('server_version_num')::int >= 150000
	         THEN regexp_replace(b.wanted, '(ON DELETE SET (NULL|DEFAULT))( NOT VALID| ON UPDATE|$)',
	                '\1 (' || b.columns || ')\3')
	         ELSE b.wanted END AS def
	  FROM (
	    SELECT k.conname, k.conindid, k.conrelid::regclass::text AS name, t.name AS target, a.attnum AS tenant,
	           pg_get_constraintdef(k.oid) AS was,
	           replace(regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), '\(',
	               '(' || quote_ident(a.attname) || ', '),
	             ' REFERENCES ([^(]+)\(', ' REFERENCES \1(' || quote_ident(t.column_name) || ', '),
	             ' MATCH FULL', '') AS wanted,
	           t.column_name AS target_tenant,
	           substring(pg_get_constraintdef(k.oid) FROM 'FOREIGN KEY \(([^)]*)\)') AS columns,
	           substring(pg_get_constraintdef(k.oid) FROM 'REFERENCES [^(]+\(([^)]*)\)') AS target_columns,
	           EXISTS (SELECT FROM unnest(k.conkey, k.confkey) u (here, there)
	                    WHERE u.here = a.attnum AND u.there = t.tenant) AS paired,
	           EXISTS (SELECT FROM pg_index i
	                    WHERE i.indrelid = t.oid AND i.indisunique AND i.indpred IS NULL
	                      AND i.indnatts = cardinality(k.confkey) + 1
	                      AND i.indkey::int2[] @> (t.tenant || k.confkey)) AS target_unique
	      FROM pg_constraint k JOIN tables t ON t.oid = k.confrelid AND t.tenant IS NOT NULL
	      LEFT JOIN tables s ON s.oid = k.conrelid
	      LEFT JOIN pg_attribute a ON a.attrelid = k.conrelid
	        AND a.attname = coalesce(s.column_name, 'tenant_id') AND NOT a.attisdropped
	     WHERE k.contype = 'f' AND k.conparentid = 0
	  ) b
)`

// recreated is a fix of the unique key i, an SQL expression. The foreign keys that depend on the
// key are dropped before and added again after it.
func recreated(fix string) string {
	return `coalesce((SELECT string_agg(format('ALTER TABLE %s DROP CONSTRAINT %I; ', l.name, l.conname), '')
		   FROM dependent l WHERE l.conindid = i.indexrelid), '')
		|| ` + fix + `
		|| coalesce((SELECT string_agg(format('; ALTER TABLE %s ADD CONSTRAINT %I %s', l.name, l.conname, l.def), '')
		   FROM dependent l WHERE l.conindid = i.indexrelid AND l.def IS NOT NULL), '')`
}
