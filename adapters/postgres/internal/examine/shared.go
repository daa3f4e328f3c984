package examine

import (
	"context"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// checkShared looks at the tables that the host declares to be without a tenant:
//
//   - the table exists, and is no view and no foreign table.
//   - neither it nor a table that inherits from it has a tenant's id.
//   - the application's role may read it, and may do nothing else.
func checkShared(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	tables, err := c.SharedTables(ctx)
	if err != nil {
		return nil, err
	}
	var findings []doctor.Finding
	for _, t := range tables {
		findings = append(findings, sharedFindings(t, c.Roles.App)...)
	}
	return findings, nil
}

// sharedFindings returns the findings about one table. app is the application's role; empty with
// tenancy off.
func sharedFindings(t catalog.SharedTable, app string) (findings []doctor.Finding) {
	add := func(severity doctor.Severity, code, why, fix string, safe bool) {
		findings = append(findings, doctor.Finding{Severity: severity, Code: code,
			Object: sqltext.WithoutQuotes(t.Name), Why: why, Fix: fix, Safe: safe})
	}
	if !t.Exists {
		add(doctor.SeverityError, "table_missing", "the table of Options.Shared is missing: create"+
			" it in Options.Migrations", "", false)
		return findings
	}
	from := " FROM PUBLIC, " + sqltext.Quote(app)
	// the application's role can't read what was revoked from it, until it is granted again
	severity, revoke := doctor.SeverityWarning, ""
	if t.Readable {
		severity, revoke = doctor.SeverityError, "REVOKE ALL ON "+t.Name+from
	}
	switch {
	case !t.IsTable:
		add(severity, "shared_not_table", "a view or a foreign table reads with other rights than"+
			" its reader's, so that it can show every tenant's rows: take it out of Options.Shared"+
			" and declare the tables that it reads", revoke, false)
	case t.WithTenants != "":
		add(severity, "shared_with_tenants", "every tenant reads all rows of a shared table, and "+
			t.WithTenants+" has a tenant's id: declare it in Options.Tables instead", revoke, false)
	case app != "" && !t.Readable:
		add(doctor.SeverityWarning, "shared_unreadable", "the tenants can't read the table, which is"+
			" declared to be shared", "GRANT SELECT ON "+t.Name+" TO "+sqltext.Quote(app), false)
	}
	if t.Writable != "" {
		add(doctor.SeverityError, "shared_writable", "what one tenant writes to a shared table,"+
			" every tenant reads", "REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON "+
			t.Writable+from, !t.Public)
	}
	return findings
}
