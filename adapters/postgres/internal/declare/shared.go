package declare

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	bunschema "github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// parseShared returns the SQL names of the tables without a tenant, in the order of their models.
func parseShared(
	dialect bunschema.Dialect, models []any, defaultSchema string,
) (names []string, err error) {
	for _, model := range models {
		t, parsed, err := readModel(dialect, model, defaultSchema, "an element of Options.Shared")
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, t.SQL) {
			return nil, fmt.Errorf("postgres: table %s is in Options.Shared twice: remove one of"+
				" its models", t.SQL)
		}
		if parsed.FieldMap[schema.DefaultTenantColumn] != nil {
			return nil, fmt.Errorf("postgres: the model of table %s in Options.Shared has the"+
				" column %s: declare it in Options.Tables", t.SQL, schema.DefaultTenantColumn)
		}
		names = append(names, t.SQL)
	}
	return names, nil
}

// checkShared refuses a table that is shared and, by another declaration, is not.
func (d *Set) checkShared() error {
	owned := OwnedTables(d.Tables)
	for _, name := range d.Shared {
		if slices.Contains(owned, name) {
			return fmt.Errorf("postgres: table %s is in Options.Shared, and Options.Tables declares"+
				" it as a table of tenants: remove one of the declarations", name)
		}
	}
	return nil
}

// SetWithoutTenants sets WithoutTenants from names without quotes. A shared table can't be among
// them: that table has no tenant's id.
func (d *Set) SetWithoutTenants(names []string) error {
	for _, name := range names {
		sql := QualifiedName(d.Schema, name)
		if slices.Contains(d.Shared, sql) {
			return fmt.Errorf("postgres: table %s is in Options.Shared and in"+
				" Options.WithoutTenants: remove it from one of them", sql)
		}
		d.WithoutTenants = append(d.WithoutTenants, sql)
	}
	return nil
}

// readModel reads the name of a model's table; what names the model in errors. A name without a
// schema is in the given one.
func readModel(
	dialect bunschema.Dialect, model any, defaultSchema, what string,
) (*Table, *bunschema.Table, error) {
	pointer := reflect.TypeOf(model)
	if pointer == nil || pointer.Kind() != reflect.Pointer ||
		pointer.Elem().Kind() != reflect.Struct {
		return nil, nil, fmt.Errorf("postgres: %s must be a pointer to a struct, not %v", what,
			pointer)
	}
	parsed := dialect.Tables().Get(pointer.Elem())
	t := &Table{Schema: defaultSchema, Name: parsed.Name}
	// bun's own parsed.Schema is public also for a name without a schema
	if parts := strings.Split(t.Name, "."); len(parts) == 2 {
		t.Schema, t.Name = parts[0], parts[1]
	}
	t.SQL = sqltext.Qualified(t.Schema, t.Name)
	if !plainIdentifier.MatchString(t.Name) ||
		t.Schema != defaultSchema && !plainIdentifier.MatchString(t.Schema) {
		return nil, nil, fmt.Errorf("postgres: table name %q has characters that a declared table"+
			" can't have", parsed.Name)
	}
	return t, parsed, nil
}
