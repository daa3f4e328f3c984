package items

import (
	"context"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// searches reports whether a search function answers q.
func (s *resources) searches(t *declare.Table, q ports.ResourceQuery) bool {
	return (q.Search != "" || len(q.Labels) > 0) && itemsql.Searchable(t) &&
		s.pool.Settings.MultiTenant
}

// search reads the page whose ids the search function answers. A sort by the
// server, which can't know how few they are, would be planned for longer than it
// takes here.
func (s *resources) search(
	ctx context.Context, tenant tenancy.ID, t *declare.Table, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	query := itemsql.SelectItems(s.declared, t) +
		" WHERE t.tenant_id = ? AND t.id = ANY (ARRAY(SELECT " +
		itemsql.SearchFunctionName(t) + "(?, ?, ?, ?))) LIMIT ?"
	found, err := queryItems(ctx, s.pool.App, t.Kind, query,
		slices.Concat([]any{tenant}, searchValues(q), []any{q.Limit})...)
	slices.SortFunc(found, func(a, b federation.Resource) int {
		return strings.Compare(a.Name, b.Name)
	})
	return found, err
}

// conditions are what q asks of t's rows, beside the tenant, where no search
// function answers it.
func (s *resources) conditions(t *declare.Table, q ports.ResourceQuery) (string, []any) {
	query := itemsql.NameExpr(t, "t") + s.pool.ServerInfo.Collate + " > ?"
	args := []any{q.After}
	if q.Search != "" {
		pattern := "%" + likeEscaper.Replace(q.Search) + "%"
		columns := []string{itemsql.NameExpr(t, "t") + s.pool.ServerInfo.Fold + " ILIKE ?"}
		args = append(args, pattern)
		for _, column := range t.Search {
			columns = append(columns, "t."+sqltext.Quote(column)+s.pool.ServerInfo.Fold+" ILIKE ?")
			args = append(args, pattern)
		}
		query += " AND (" + strings.Join(columns, " OR ") + ")"
	}
	if len(q.Labels) > 0 {
		query += " AND t.labels @> ?::jsonb"
		args = append(args, labelsJSON(q.Labels))
	}
	return query, args
}

func searchValues(q ports.ResourceQuery) []any {
	var needle, labels any
	if q.Search != "" {
		needle = q.Search
	}
	if len(q.Labels) > 0 {
		labels = labelsJSON(q.Labels)
	}
	return []any{needle, labels, q.After, q.Limit}
}
