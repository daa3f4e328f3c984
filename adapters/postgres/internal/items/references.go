package items

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
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

// Referrers uses the statement that [resources.checkUnreferenced] uses.
func (s *resources) Referrers(
	ctx context.Context, tenant tenancy.ID, ref, after federation.Ref, limit int,
) ([]federation.Ref, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	t, err := s.table(ref.Kind)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(limit); err != nil {
		return nil, err
	}
	target, err := s.get(ctx, s.pool.App, tenant, t, ref.Name)
	if err != nil {
		return nil, err
	}
	query := itemsql.SelectReferrers(s.declared, t, tenant, "?0::"+t.IDType)
	if query == "" {
		return nil, nil
	}
	key := "kind::text" + s.pool.ServerInfo.Collate + ", name::text" + s.pool.ServerInfo.Collate
	var found []federation.Ref
	err = s.pool.App.NewRaw("SELECT kind, name FROM (SELECT DISTINCT kind::text, name::text FROM ("+
		query+") AS found WHERE (kind::text, name::text) <> (?1, ?2)) AS referrers"+
		" WHERE ("+key+") > (?3, ?4) ORDER BY "+key+" LIMIT ?5",
		target.ID, ref.Kind, ref.Name, after.Kind, after.Name, limit).Scan(ctx, &found)
	return found, pgerr.Translate(err)
}

// Count counts the kinds in one statement, which stops at the number of each kind: to count all
// rows reads all of them.
func (s *resources) Count(
	ctx context.Context, tenant tenancy.ID, most map[string]int64,
) (map[string]int64, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	var queries []string
	var args []any
	for kind, limit := range most {
		t, err := s.table(kind)
		if err != nil {
			return nil, err
		}
		counts[kind] = 0
		queries = append(queries, "SELECT "+sqltext.Literal(kind)+" AS kind, count(*) AS items FROM"+
			" (SELECT FROM "+t.SQL+" AS t"+itemsql.OfTenant(t)+" LIMIT ?) AS found")
		args = append(args, tenant, max(limit, 0))
	}
	if len(queries) == 0 {
		return counts, nil
	}
	var rows []struct {
		Kind  string
		Items int64
	}
	err = s.pool.App.NewRaw(strings.Join(queries, " UNION ALL "), args...).Scan(ctx, &rows)
	for _, r := range rows {
		counts[r.Kind] = r.Items
	}
	return counts, pgerr.Translate(err)
}
