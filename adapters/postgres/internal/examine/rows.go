package examine

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkRows looks for rows without a tenant, or of one that isn't there, in the
// tables whose column admits them. Row security hides such rows from everybody:
// a user whom it holds can't look.
func checkRows(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	var tables []struct{ Name, Condition string }
	err := c.Query(ctx, `
		SELECT t.name, CASE WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.convalidated
		                                   AND k.confrelid = to_regclass('bailiwick.tenants') AND k.conkey = ARRAY[t.tenant]) THEN 'tenant_id IS NULL'
		         ELSE 'NOT EXISTS (SELECT FROM bailiwick.tenants AS known WHERE known.id = tenant_id)' END AS condition
		FROM tables t JOIN pg_class c ON c.oid = t.oid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = t.tenant
		WHERE NOT t.library AND to_regclass('bailiwick.tenants') IS NOT NULL AND NOT c.relispartition
		  AND NOT (a.attnotnull AND EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.convalidated
		                                      AND k.confrelid = to_regclass('bailiwick.tenants') AND k.conkey = ARRAY[t.tenant]))
		  AND has_table_privilege(t.oid, 'SELECT') AND NOT row_security_active(t.oid) AND NOT row_security_active(to_regclass('bailiwick.tenants'))
		ORDER BY t.name`, &tables)
	if err != nil {
		return nil, err
	}
	var findings []doctor.Finding
	for _, t := range tables {
		var some bool
		if err := c.Tx.NewRaw("SELECT EXISTS (SELECT FROM "+t.Name+" WHERE "+t.Condition+")").
			Scan(ctx, &some); err != nil {
			return nil, err
		}
		if some {
			findings = append(findings, doctor.Finding{
				Severity: doctor.SeverityError, Code: "rows_without_tenant", Object: t.Name,
				Why: "some rows have no tenant, or one that isn't there: no tenant sees them, and" +
					" no purge removes them",
				Fix: fmt.Sprintf("UPDATE %s SET tenant_id = %s WHERE %s", t.Name,
					sqltext.Literal(tenancy.DefaultID.String()), t.Condition),
			})
		}
	}
	return findings, nil
}
