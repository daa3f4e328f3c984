package postgres

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrate"
)

const maxSchema = 63 // bytes: PostgreSQL truncates a longer name

// schema returns the schema of the tables whose name has none.
func (o Options) schema() string { return cmp.Or(o.Schema, "public") }

// followSchema replaces the default schema by the one in which an earlier version has the tables.
func (o Options) followSchema(ctx context.Context, c config) (config, error) {
	inUse, err := migrate.SchemaInUse(ctx, o.firstURL(), c.Config)
	if err != nil || inUse == "" || CheckSchema(inUse) != nil {
		return c, err
	}
	o.Schema, c.Settings.Schema = inUse, inUse
	c.Declared, err = o.declarations()
	return c, err
}

// declarations parses what the options say about tables.
func (o Options) declarations() (*declare.Set, error) {
	if err := CheckSchema(o.schema()); err != nil {
		return nil, err
	}
	declared, err := declare.New(o.Tables, o.Shared, o.schema())
	if err != nil {
		return nil, err
	}
	return declared, declared.SetWithoutTenants(o.WithoutTenants)
}

// CheckSchema returns what is wrong with a name for [Options].Schema; nil if it can be used.
func CheckSchema(name string) error {
	problem := ""
	switch {
	case name == "":
		problem = "is empty"
	case len(name) > maxSchema:
		problem = fmt.Sprintf("has %d bytes, and a name in PostgreSQL has at most %d", len(name),
			maxSchema)
	case strings.HasPrefix(name, "pg_"), name == "information_schema":
		problem = "is PostgreSQL's"
	case name == "bailiwick", name == itemsql.SearchSchema:
		problem = "is the library's"
	case !utf8.ValidString(name), strings.ContainsFunc(name, isUnfitInSchema):
		problem = `has a question mark, a backslash or a character that isn't printable`
	default:
		return nil
	}
	return fmt.Errorf("postgres: the schema %q %s: use another schema", name, problem)
}

// isUnfitInSchema reports whether a character can't be part of statements that bun formats, which
// replaces question marks and reads backslashes.
func isUnfitInSchema(r rune) bool { return r == '?' || r == '\\' || !unicode.IsPrint(r) }
