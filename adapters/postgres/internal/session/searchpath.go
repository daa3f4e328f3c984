package session

import (
	"context"
	"strings"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// quoteSchema returns a search_path that has only this schema.
func quoteSchema(schema string) string {
	if schema == "public" { // as people write it, so that fewer sessions differ
		return schema
	}
	return `"` + strings.ReplaceAll(schema, `"`, `""`) + `"`
}

// checkSearchPath refuses a session whose connection string sets a search_path that begins with
// another schema than the tables'. schema is empty if there is nothing to check.
func checkSearchPath(ctx context.Context, conn *pgdriver.Conn, schema string) error {
	if schema == "" {
		return nil
	}
	found, err := queryRow(ctx, conn, "SELECT pg_catalog.current_setting('search_path'),"+
		" current_user::pg_catalog.text, pg_catalog.count(*)::pg_catalog.text"+
		" FROM pg_catalog.pg_namespace WHERE nspname = current_user")
	if err != nil {
		return err
	}
	first := ""
	for _, name := range splitSearchPath(found[0]) {
		if name == "$user" {
			if found[2] == "0" {
				continue
			}
			name = found[1]
		}
		first = name
		break
	}
	if first == schema {
		return nil
	}
	return tenancy.Errorf(tenancy.CodeInvalidState, "the connection string sets a search_path that"+
		" begins with the schema %s, and the tables are in the schema %s: set Options.Schema"+
		" (DATABASE_SCHEMA) to the schema that has the tables, and take search_path out of the"+
		" connection string", quoteSchema(first), quoteSchema(schema))
}

// splitSearchPath returns the names in the value of search_path, without quotes.
func splitSearchPath(value string) (names []string) {
	for value = strings.TrimSpace(value); value != ""; {
		var name string
		if rest, quoted := strings.CutPrefix(value, `"`); quoted {
			name, value = cutQuoted(rest)
		} else {
			end := strings.IndexByte(value+",", ',')
			name, value = strings.ToLower(strings.TrimSpace(value[:end])), value[end:]
		}
		names = append(names, name)
		value = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(value), ","))
	}
	return names
}

// cutQuoted splits off what is before the closing quote.
func cutQuoted(text string) (name, rest string) {
	for {
		before, after, _ := strings.Cut(text, `"`)
		name += before
		if text = after; !strings.HasPrefix(text, `"`) {
			return name, text
		}
		name, text = name+`"`, text[1:]
	}
}
