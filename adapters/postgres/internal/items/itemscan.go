package items

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
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

// queryItems returns the rows of a query that begins with [itemsql.SelectItems]. It refuses no
// row, whatever the database held before the library managed it: a list never fails for one row.
func queryItems(
	ctx context.Context, db bun.IDB, kinds *federation.Kinds, t *declare.Table, query string,
	args ...any,
) ([]federation.Resource, error) {
	var found []federation.Resource
	err := forEachItem(ctx, db, kinds, t.Kind, func(r federation.Resource) error {
		if object := specObject(t, r.Spec); !bytes.Equal(object, r.Spec) {
			r.Spec = object
			r.Item = kinds.MaskSecrets(r.SealUnchecked())
		}
		found = append(found, r)
		return nil
	}, query, args...)
	return found, err
}

// specObject returns the spec of a row as an object. If the column spec holds an array or a scalar,
// the query appends the typed members to it as elements: they are the object then.
func specObject(t *declare.Table, spec json.RawMessage) json.RawMessage {
	if len(spec) > 0 && spec[0] == '{' {
		return spec
	}
	object := map[string]json.RawMessage{}
	var elements []json.RawMessage
	if json.Unmarshal(spec, &elements) == nil {
		typed := min(itemsql.TypedParts(t), len(elements))
		for _, element := range elements[len(elements)-typed:] {
			_ = json.Unmarshal(element, &object) // each is an object
		}
	}
	text, _ := json.Marshal(object) // a map of JSON values always marshals
	return text
}

// storedLabels returns the labels of a row. What isn't a string is under the empty key, which no
// written item has, as the JSON that is stored.
func storedLabels(stored []byte) map[string]string {
	labels := map[string]string{}
	if len(stored) == 0 {
		return labels
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(stored, &members) != nil {
		return map[string]string{"": string(stored)}
	}
	for key, value := range members {
		var text *string
		if json.Unmarshal(value, &text) == nil && text != nil {
			labels[key] = *text
			delete(members, key)
		}
	}
	if len(members) > 0 {
		rest, _ := json.Marshal(members) // a map of JSON values always marshals
		labels[""] = string(rest)
	}
	return labels
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
		resource.Item = kinds.MaskSecrets(resource.SealUnchecked())
		if err := yield(resource); err != nil {
			return err
		}
	}
	return pgerr.Translate(rows.Err())
}

// scanItem scans the columns of [itemsql.SelectItems]. A time that isn't in the years 1 to 9999 is
// zero. The item isn't sealed.
func scanItem(rows *sql.Rows, kind string) (federation.Resource, error) {
	r := federation.Resource{Item: federation.Item{Ref: federation.Ref{Kind: kind}}}
	var labels, spec []byte
	var updated, created sql.NullTime
	err := rows.Scan(&r.ID, &r.Name, &labels, &spec, &r.Version, &updated, &created)
	if err != nil {
		return r, pgerr.Translate(err)
	}
	r.Labels, r.Spec = storedLabels(labels), spec
	r.UpdatedAt, r.CreatedAt = updated.Time.UTC(), created.Time.UTC()
	return r, nil
}
