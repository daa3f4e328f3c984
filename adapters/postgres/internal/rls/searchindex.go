package rls

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// ensureTrigrams returns the operator class of trigram indexes. It creates the extension pg_trgm
// if the migrating user may do that. Without the extension it returns "", and searches take
// longer but find the same.
//
// The extension is created in the tables' schema, where a host's migrations expect it. In a schema
// of the library, CREATE EXTENSION IF NOT EXISTS pg_trgm of a host would do nothing, and
// gin_trgm_ops wouldn't be found. The search path doesn't affect indexes: they refer to the
// extension's functions by their oid.
func ensureTrigrams(ctx context.Context, tx bun.IDB, s pool.Settings) (opclass string, err error) {
	if opclass, err = catalog.FindTrigrams(ctx, tx); err != nil || opclass != "" {
		return opclass, err
	}
	create := "CREATE EXTENSION pg_trgm SCHEMA " + sqltext.Quote(s.Schema)
	refused, err := inSavepoint(ctx, tx, create)
	if err != nil {
		return "", err
	}
	if refused == nil {
		return catalog.FindTrigrams(ctx, tx)
	}
	s.Logger.WarnContext(ctx, "searches have no index: let the database's administrator run "+create+
		", then migrate again", "error", refused)
	return "", nil
}

// searchIndexPrefix begins the name of each search index. The digest of the index's definition
// follows, so that a changed declaration leads to another index.
const searchIndexPrefix = "bailiwick_search_"

// createSearchIndexes creates the indexes that are missing and drops those that only an earlier
// declaration needed. It takes no lock if there is nothing to change.
func createSearchIndexes(ctx context.Context, tx bun.IDB, s itemsql.Search) error {
	var obsolete []string // the existing indexes, without the needed ones
	err := tx.NewRaw(`SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE i.indrelid = to_regclass(?) AND starts_with(c.relname, ?)`,
		s.Table.SQL, searchIndexPrefix).Scan(ctx, &obsolete)
	if err != nil {
		return err
	}
	var statements []string
	for _, definition := range s.Indexes() {
		name := searchIndexPrefix + sqltext.Digest(definition)
		if i := slices.Index(obsolete, name); i >= 0 {
			obsolete = slices.Delete(obsolete, i, i+1)
			continue
		}
		statements = append(statements, "CREATE INDEX "+name+" ON "+definition)
	}
	for _, name := range obsolete {
		statements = append(statements,
			"DROP INDEX "+sqltext.Quote(s.Table.Schema)+"."+sqltext.Quote(name))
	}
	if len(statements) == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, strings.Join(statements, ";\n"))
	return err
}
