package examine

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkRows looks for rows without a tenant, or with a tenant that doesn't exist. It reads the
// tables whose column for the tenant's id admits such rows, except those on which row security applies to the
// present user: it hides such rows from everyone it applies to.
func checkRows(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	var tables []suspectTable
	if err := c.Query(ctx, suspectTables, &tables); err != nil {
		return nil, err
	}
	var findings []doctor.Finding
	for _, t := range tables {
		var found bool
		err := c.Tx.NewRaw("SELECT EXISTS (SELECT FROM "+t.Name+" AS t WHERE "+t.Condition+")").
			Scan(ctx, &found)
		if err != nil {
			return nil, err
		}
		if found {
			findings = append(findings, t.finding())
		}
	}
	return findings, nil
}

// suspectTable is a table that admits rows without a tenant, the column with the tenant's id, and the
// condition on the alias t that finds them.
type suspectTable struct{ Name, Column, Condition string }

// suspectTables are the tables whose column for the tenant's id is nullable or without a valid foreign key to
// bailiwick.tenants, and whose rows the present user can read.
const suspectTables = `
	SELECT t.name, quote_ident(t.column_name) AS column,
	       CASE WHEN EXISTS (SELECT FROM pg_constraint k
	                          WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.convalidated
	                            AND k.confrelid = to_regclass('bailiwick.tenants') AND k.conkey = ARRAY[t.tenant])
	         THEN format('t.%I IS NULL', t.column_name)
	         ELSE format('NOT EXISTS (SELECT FROM bailiwick.tenants AS known WHERE known.id = t.%I)',
	           t.column_name) END AS condition
	  FROM tables t JOIN pg_class c ON c.oid = t.oid
	  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = t.tenant
	 WHERE NOT t.library AND to_regclass('bailiwick.tenants') IS NOT NULL AND NOT c.relispartition
	   AND NOT (a.attnotnull
	     AND EXISTS (SELECT FROM pg_constraint k
	                  WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.convalidated
	                    AND k.confrelid = to_regclass('bailiwick.tenants') AND k.conkey = ARRAY[t.tenant]))
	   AND has_table_privilege(t.oid, 'SELECT') AND NOT row_security_active(t.oid)
	   AND NOT row_security_active(to_regclass('bailiwick.tenants'))
	 ORDER BY t.name`

func (t suspectTable) finding() doctor.Finding {
	return doctor.Finding{
		Severity: doctor.SeverityError, Code: "rows_without_tenant", Object: t.Name,
		Why: "some rows have no tenant, or a tenant that doesn't exist, so that no tenant sees" +
			" them and no purge removes them",
		Fix: fmt.Sprintf("UPDATE %s AS t SET %s = %s WHERE %s", t.Name, t.Column,
			sqltext.Literal(tenancy.DefaultID.String()), t.Condition),
	}
}
