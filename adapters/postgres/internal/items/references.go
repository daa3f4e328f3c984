package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxReferrers is the most referrers that an error lists.
const maxReferrers = 100

// danglingRef is a reference to an item that doesn't exist: the item that refers, the place in
// it, and the kind and the missing name of its target.
type danglingRef struct{ Name, Path, Kind, Missing string }

// findDangling returns the dangling references of the items that w writes. path is the Path of a
// detail.
func findDangling(
	ctx context.Context, tx bun.IDB, w itemsql.Writer, path func(danglingRef) string, args ...any,
) ([]tenancy.Detail, error) {
	query := w.SelectDangling()
	if query == "" {
		return nil, nil
	}
	// bun maps the columns of the query to the fields
	var found []danglingRef
	if err := tx.NewRaw(query, args...).Scan(ctx, &found); err != nil {
		return nil, err
	}
	details := make([]tenancy.Detail, len(found))
	for i, d := range found {
		details[i] = federation.DanglingReference(path(d),
			federation.Ref{Kind: d.Kind, Name: d.Missing})
	}
	return details, nil
}

// checkUnreferenced returns [tenancy.CodeReferenced] if another item refers to the item ref, whose
// row has this id.
func (s *resources) checkUnreferenced(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table, ref federation.Ref,
	id string,
) error {
	query := itemsql.SelectReferrers(s.declared, t, tenant, "?0::"+t.IDType)
	if query == "" {
		return nil
	}
	var referrers []federation.Ref
	err := tx.NewRaw("SELECT DISTINCT kind, name FROM ("+query+") AS found LIMIT ?1",
		id, maxReferrers).Scan(ctx, &referrers)
	if err != nil || len(referrers) == 0 {
		return err
	}
	return federation.CheckReferrers(ref, referrers)
}
