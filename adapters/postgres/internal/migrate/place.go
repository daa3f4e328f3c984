package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkPlace refuses a database most of whose tables are in another schema than the declared one:
// a migration would create a second, empty set of them. A database that was never migrated and isn't
// adopted has only tables of others.
func (c Config) checkPlace(ctx context.Context, db bun.IDB) error {
	known, err := c.knowsTables(ctx, db)
	if err != nil || !known {
		return err
	}
	return checkPlace(ctx, db, c.Declared)
}

// knowsTables reports whether tables with the declared names may be the declared ones.
func (c Config) knowsTables(ctx context.Context, db bun.IDB) (known bool, err error) {
	if c.Adopt != nil {
		return true, nil
	}
	// to_regclass would fail for a user who may not use the schema
	err = db.NewRaw("SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'migrations'"+
		" AND relnamespace = to_regnamespace('bailiwick'))").Scan(ctx, &known)
	return known, err
}

// SchemaInUse returns the schema in which a session of the connection string finds most of the
// declared tables by their names, because its role, its database or the string itself sets a
// search_path: an earlier version used them there. It is empty if the declared schema has as many.
func SchemaInUse(ctx context.Context, url string, c Config) (schema string, err error) {
	connector, err := pool.NewUnpinnedConnector(url, pool.DefaultTimeout)
	if err != nil {
		return "", err
	}
	db := bun.NewDB(sql.OpenDB(connector), pgdialect.New())
	defer db.Close()
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		schema, err = schemaInUse(ctx, tx, c)
		return err
	})
	return schema, pgerr.Translate(err)
}

func schemaInUse(ctx context.Context, tx bun.Tx, c Config) (string, error) {
	var path []string
	err := tx.NewRaw("SELECT pg_catalog.current_schemas(false)::pg_catalog.text[]").
		Scan(ctx, pgdialect.Array(&path))
	if err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, catalog.LocalSettings); err != nil {
		return "", err
	}
	known, err := c.knowsTables(ctx, tx)
	if err != nil || !known {
		return "", err
	}
	others, err := otherPlaces(ctx, tx, c.Declared, unqualifiedTables(c.Declared))
	if err != nil {
		return "", err
	}
	for _, schema := range path {
		if slices.Contains(others, schema) {
			return schema, nil
		}
	}
	return "", nil
}

// CheckPlace is for a migrated database: it refuses one whose tables are in another schema.
func CheckPlace(ctx context.Context, p *pool.Pool, d *declare.Set) error {
	ctx = pool.CrossTenant(ctx, "find the schema of the tables")
	return pgerr.Translate(checkPlace(ctx, p.System, d))
}

func checkPlace(ctx context.Context, db bun.IDB, d *declare.Set) error {
	names := unqualifiedTables(d)
	others, err := otherPlaces(ctx, db, d, names)
	if err != nil || len(others) == 0 {
		return err
	}
	return errOtherSchema(names, d.Schema, others)
}

// otherPlaces returns the schemas that have more of these tables than the declared schema, and more
// than half of all.
func otherPlaces(
	ctx context.Context, db bun.IDB, d *declare.Set, names []string,
) (others []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	var found []struct {
		Schema string
		Count  int
	}
	err = db.NewRaw(`SELECT n.nspname AS schema, count(*) AS count
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND c.relname IN (?) AND n.nspname !~ '^pg_'
		  AND n.nspname NOT IN ('information_schema', 'bailiwick', ?)
		GROUP BY n.nspname ORDER BY n.nspname`, bun.List(names), itemsql.SearchSchema).
		Scan(ctx, &found)
	if err != nil {
		return nil, err
	}
	inPlace := 0
	for _, f := range found {
		if f.Schema == d.Schema {
			inPlace = f.Count
		}
	}
	for _, f := range found {
		// with few of the tables, the names may be a coincidence
		if f.Count > inPlace && 2*f.Count > len(names) {
			others = append(others, f.Schema)
		}
	}
	return others, nil
}

func errOtherSchema(names []string, wanted string, others []string) error {
	tables := "the table " + names[0] + " is"
	if len(names) > 1 {
		tables = fmt.Sprintf("the table %s and others are", names[0])
	}
	if len(others) == 1 {
		return tenancy.Errorf(tenancy.CodeInvalidState, "%s in the schema %s and not in %s: set"+
			" DATABASE_SCHEMA=%[2]s (Options.Schema); nothing was changed", tables, others[0], wanted)
	}
	return tenancy.Errorf(tenancy.CodeInvalidState, "%s not in the schema %s, but in several others"+
		" (%s): set DATABASE_SCHEMA (Options.Schema) to the one whose tables are meant; nothing was"+
		" changed", tables, wanted, strings.Join(others, ", "))
}

// unqualifiedTables returns the names of the owned tables in the declared schema.
func unqualifiedTables(d *declare.Set) (names []string) {
	for _, sql := range declare.OwnedTables(d.Tables) {
		if schema, name := sqltext.SplitQualified(sql); schema == d.Schema {
			names = append(names, name)
		}
	}
	return names
}
