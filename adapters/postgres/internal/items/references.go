package items

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxDetails is the most references that an error lists.
const maxDetails = 100

// danglingRef is a reference to an item that doesn't exist: the item that refers, the place in
// it, and the kind and the missing name of its target.
type danglingRef struct{ Name, Path, Kind, Missing string }

// findDangling returns the dangling references of the items that w writes. path is the Path of a
// detail.
func findDangling(
	ctx context.Context, tx bun.IDB, w itemsql.Writer, path func(danglingRef) string, args ...any,
) ([]tenancy.Detail, error) {
	query := w.Dangling()
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
		details[i] = tenancy.Detail{Path: path(d), Code: tenancy.CodeDanglingReference,
			Detail: "there is no " + d.Kind + " named " + d.Missing}
	}
	return details, nil
}

// danglingError returns nil for no details.
func danglingError(details []tenancy.Detail) error {
	if len(details) == 0 {
		return nil
	}
	slices.SortFunc(details,
		func(a, b tenancy.Detail) int { return strings.Compare(a.Path, b.Path) })
	err := tenancy.Errorf(tenancy.CodeDanglingReference, "%s: %s; create it first",
		details[0].Path, details[0].Detail)
	err.Details = details[:min(len(details), maxDetails)]
	return err
}

// checkUnreferenced returns [tenancy.CodeReferenced] if another item refers to the item ref, whose
// row has this id.
func (s *resources) checkUnreferenced(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table, ref federation.Ref,
	id string,
) error {
	query := itemsql.Referrers(s.declared, t, tenant, "?0::uuid")
	if query == "" {
		return nil
	}
	var referrers []federation.Ref
	err := tx.NewRaw("SELECT DISTINCT kind, name FROM ("+query+") AS found LIMIT ?1",
		id, maxDetails).Scan(ctx, &referrers)
	if err != nil || len(referrers) == 0 {
		return err
	}
	slices.SortFunc(referrers, federation.Ref.Compare)
	referenced := tenancy.Errorf(tenancy.CodeReferenced,
		"%s %q is still referred to; change its referrers first", ref.Kind, ref.Name)
	referenced.Members = map[string]any{"referrers": referrers}
	return referenced
}
