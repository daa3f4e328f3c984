package rls

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// trigrams answers the operator class of trigram indexes, and creates the
// extension that has it, if it may. Without the extension searches answer the
// same and take longer.
//
// It goes into the schema public, where a host's own migrations look for it: in
// one of the library's, CREATE EXTENSION IF NOT EXISTS pg_trgm would do nothing
// for them and gin_trgm_ops not be found. Indexes refer to its functions by
// identity, whatever else comes to stand in a search path.
func trigrams(ctx context.Context, tx bun.IDB, log *slog.Logger) (opclass string, err error) {
	find := func() (string, error) {
		var found []string
		err := tx.NewRaw(`SELECT format('%I.gin_trgm_ops', n.nspname) FROM pg_extension e
			JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'`).Scan(ctx, &found)
		return strings.Join(found, ""), err
	}
	if opclass, err = find(); err != nil || opclass != "" {
		return opclass, err
	}
	refused, err := inSavepoint(ctx, tx, "CREATE EXTENSION pg_trgm SCHEMA public")
	if err != nil {
		return "", err
	}
	if refused == nil {
		return find()
	}
	log.WarnContext(ctx,
		"searches have no index: let the database's administrator run CREATE EXTENSION pg_trgm"+
			" SCHEMA public, then migrate again", "error", refused)
	return "", nil
}

// searchIndex begins the name of each index that searches have. The rest is
// made of its definition: another declaration makes another index.
const searchIndex = "bailiwick_search_"

// createSearchIndexes creates the indexes that are missing and drops those that an
// earlier declaration needed. What stands is left alone: no lock is taken for
// it.
func createSearchIndexes(ctx context.Context, tx bun.IDB, s itemsql.Search) error {
	var standing []string
	err := tx.NewRaw(`SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE i.indrelid = to_regclass(?) AND starts_with(c.relname, ?)`, s.Table.SQL, searchIndex).Scan(ctx, &standing)
	if err != nil {
		return err
	}
	var statements []string
	for _, definition := range s.Indexes() {
		name := searchIndex + sqltext.Digest(definition)
		if at := slices.Index(standing, name); at >= 0 {
			standing = slices.Delete(standing, at, at+1)
			continue
		}
		statements = append(statements, "CREATE INDEX "+name+" ON "+definition)
	}
	for _, name := range standing {
		statements = append(statements, "DROP INDEX "+sqltext.Quote(s.Table.Schema)+"."+
			sqltext.Quote(name))
	}
	if len(statements) == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, strings.Join(statements, ";\n"))
	return err
}
