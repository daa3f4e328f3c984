package adopt

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// carry returns the statements that give an index what k has and CREATE INDEX doesn't set. name
// is the index of r that replaces k, with this many columns before those of k. Each replacement
// carries in the same transaction: a table whose replica identity is missing can't be updated
// while it is published.
func (k *key) carry(r *relation, name string, before int) []string {
	var statements []string
	add := func(format string, args ...any) {
		statements = append(statements, fmt.Sprintf(format, args...))
	}
	index := sqltext.Qualified(r.Schema, name)
	if k.Comment != "" {
		add("COMMENT ON INDEX %s IS %s", index, sqltext.Literal(k.Comment))
	}
	if k.ConstraintComment != "" {
		add("COMMENT ON CONSTRAINT %s ON %s IS %s", sqltext.Quote(name), r.sql(),
			sqltext.Literal(k.ConstraintComment))
	}
	for _, s := range k.Statistics {
		add("ALTER INDEX %s ALTER COLUMN %d SET STATISTICS %d", index, s.Column+before, s.Target)
	}
	if k.Clustered {
		add("ALTER TABLE %s CLUSTER ON %s", r.sql(), sqltext.Quote(name))
	}
	if k.ReplicaIdentity {
		add("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s", r.sql(), sqltext.Quote(name))
	}
	return statements
}

// commentOn returns the statement that gives the foreign key name of a table the comment of
// f, if f has one.
func (f *foreign) commentOn(table, name string) []string {
	if f == nil || f.Comment == "" {
		return nil
	}
	return []string{"COMMENT ON CONSTRAINT " + sqltext.Quote(name) + " ON " + table + " IS " +
		sqltext.Literal(f.Comment)}
}

// partitionedKey returns the statement that creates a key of a partitioned table like k, whose
// index has these columns more in front: quoted, each with a comma after it.
func (k *key) partitionedKey(r *relation, name, before string) string {
	if !k.Constraint {
		return "CREATE UNIQUE INDEX " + sqltext.Quote(name) + " ON " + r.sql() + " " +
			strings.Replace(k.tail(), "(", "("+before, 1)
	}
	definition := strings.TrimSuffix(k.Definition, deferral(k))
	if definition == "" { // recorded by an earlier version
		kind := "UNIQUE"
		if k.Primary {
			kind = "PRIMARY KEY"
		}
		definition = kind + " (" + quoted(k.Columns) + ")"
	}
	text := "ALTER TABLE " + r.sql() + " ADD CONSTRAINT " + sqltext.Quote(name) + " " +
		strings.Replace(definition, "(", "("+before, 1)
	if len(k.Options) > 0 {
		text += " WITH (" + strings.Join(k.Options, ", ") + ")"
	}
	if k.Tablespace != "" {
		text += " USING INDEX TABLESPACE " + sqltext.Quote(k.Tablespace)
	}
	return text + deferral(k)
}

// tail returns the definition of k from USING on, with its tablespace.
func (k *key) tail() string { return inTablespace(k.Tail, k.Tablespace) }

// inTablespace adds a tablespace to the definition of an index from USING on. A predicate comes
// last.
func inTablespace(tail, tablespace string) string {
	if tablespace == "" {
		return tail
	}
	clause := " TABLESPACE " + sqltext.Quote(tablespace)
	if definition, predicate, ok := strings.Cut(tail, " WHERE "); ok {
		return definition + clause + " WHERE " + predicate
	}
	return tail + clause
}
