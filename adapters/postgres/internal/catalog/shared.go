package catalog

import "context"

// SharedTable is a table of Options.Shared, as the catalog has it.
type SharedTable struct {
	Name        string // as SQL names it
	Exists      bool
	IsTable     bool   // an ordinary or a partitioned table
	WithTenants string // it, or what inherits from it, that has a tenant's id; empty if none
	Writable    string // it, or what inherits from it, that the application's role may change
	Public      bool   // PUBLIC may change it, or what inherits from it
	Readable    bool   // the application's role may read it
}

// SharedTables reads the tables of Options.Shared. A statement on a table also reads the rows of the
// tables that inherit from it, to which their own policies don't apply then.
func (c *Catalog) SharedTables(ctx context.Context) (tables []SharedTable, err error) {
	if len(c.Declared.Shared) == 0 {
		return nil, nil
	}
	err = c.Query(ctx, `,
family (shared, oid) AS (
  SELECT oid, oid FROM shared WHERE oid IS NOT NULL
  UNION
  SELECT f.shared, i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
)
SELECT coalesce(s.oid::regclass::text, s.name) AS name, c.oid IS NOT NULL AS exists,
  coalesce(c.relkind IN ('r', 'p'), false) AS is_table,
  coalesce((SELECT min(f.oid::regclass::text) FROM family f WHERE f.shared = s.oid
    AND (f.oid IN (SELECT oid FROM ids) OR f.oid IN (SELECT oid FROM tables))), '') AS with_tenants,
  coalesce((SELECT string_agg(f.oid::regclass::text, ', ' ORDER BY f.oid::regclass::text)
    FROM family f, app WHERE f.shared = s.oid AND `+mayChange("app.oid")+`), '') AS writable,
  EXISTS (SELECT FROM family f WHERE f.shared = s.oid AND `+mayChange("'public'")+`) AS public,
  EXISTS (SELECT FROM app WHERE has_table_privilege(app.oid, s.oid, 'SELECT')) AS readable
FROM shared s LEFT JOIN pg_class c ON c.oid = s.oid ORDER BY 1`, &tables)
	return tables, err
}

// mayChange is the condition that a role has a privilege on the table f other than SELECT.
func mayChange(role string) string {
	return "(has_any_column_privilege(" + role + ", f.oid, 'INSERT, UPDATE, REFERENCES')" +
		" OR has_table_privilege(" + role + ", f.oid, 'DELETE, TRUNCATE, TRIGGER'))"
}
