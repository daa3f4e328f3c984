package items

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/federation"
)

// labelsJSON returns labels for a jsonb column or argument, {} for none.
func labelsJSON(labels map[string]string) string {
	if len(labels) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(labels) // a map of strings always marshals
	return string(text)
}

// queryItems returns the rows of a query that begins with [itemsql.SelectItems].
func queryItems(
	ctx context.Context, db bun.IDB, kinds *federation.Kinds, kind, query string, args ...any,
) ([]federation.Resource, error) {
	var found []federation.Resource
	err := forEachItem(ctx, db, kinds, kind, func(r federation.Resource) error {
		found = append(found, r)
		return nil
	}, query, args...)
	return found, err
}

// forEachItem streams the rows of a query that begins with [itemsql.SelectItems]. It stops at
// yield's first error and returns it.
func forEachItem(
	ctx context.Context, db bun.IDB, kinds *federation.Kinds, kind string,
	yield func(federation.Resource) error, query string, args ...any,
) (err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return pgerr.Translate(err)
	}
	defer func() { err = cmp.Or(err, pgerr.Translate(rows.Close())) }()
	for rows.Next() {
		resource, err := scanItem(rows, kind)
		if err != nil {
			return err
		}
		if resource.Item, err = kinds.MaskSecrets(resource.Item); err != nil {
			return err
		}
		if err := yield(resource); err != nil {
			return err
		}
	}
	return pgerr.Translate(rows.Err())
}

// scanItem scans the columns of [itemsql.SelectItems], and seals the item, to give it a digest.
func scanItem(rows *sql.Rows, kind string) (federation.Resource, error) {
	r := federation.Resource{Item: federation.Item{Ref: federation.Ref{Kind: kind}}}
	var labels, spec []byte
	var updated, created time.Time
	err := rows.Scan(&r.ID, &r.Name, &labels, &spec, &r.Version, &updated, &created)
	if err != nil {
		return r, pgerr.Translate(err)
	}
	if err := json.Unmarshal(labels, &r.Labels); err != nil {
		return r, fmt.Errorf("postgres: the stored labels of %s %q: %w", kind, r.Name, err)
	}
	r.Spec, r.UpdatedAt, r.CreatedAt = spec, updated.UTC(), created.UTC()
	sealed, err := r.Item.Seal()
	if err != nil {
		return r, fmt.Errorf("postgres: the stored %s %q: %w", kind, r.Name, err)
	}
	r.Item = sealed
	return r, nil
}
