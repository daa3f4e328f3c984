package items

import (
	"context"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// usesSearchFunction reports whether the search function of t answers q, rather than a statement
// with the conditions of [resources.conditions].
func (s *resources) usesSearchFunction(t *declare.Table, q ports.ResourceQuery) bool {
	return (q.Search != "" || len(q.Labels) > 0) && itemsql.Searchable(t) &&
		s.pool.Settings.MultiTenant && (len(q.Labels) == 0 || !t.NoLabels)
}

// search reads the items whose ids the search function returns. It sorts them itself: the planner
// doesn't know how few they are, and would plan a sort for longer than this one takes.
func (s *resources) search(
	ctx context.Context, tenant tenancy.ID, t *declare.Table, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	query := itemsql.SelectItems(s.declared, t) +
		itemsql.OfTenant(t) + " AND t.id = ANY (ARRAY(SELECT " +
		itemsql.SearchFunctionName(t) + "(?, ?, ?, ?))) LIMIT ?"
	found, err := queryItems(ctx, s.pool.App, s.declared.Kinds, t, query,
		slices.Concat([]any{tenant}, searchArguments(q), []any{q.Limit})...)
	slices.SortFunc(found, func(a, b federation.Resource) int {
		return strings.Compare(a.Name, b.Name)
	})
	return found, err
}

// searchArguments are those of a search function; NULL for a criterion that q doesn't have.
func searchArguments(q ports.ResourceQuery) []any {
	var search, labels any
	if q.Search != "" {
		search = q.Search
	}
	if len(q.Labels) > 0 {
		labels = labelsJSON(q.Labels)
	}
	return []any{search, labels, q.After, q.Limit}
}

// conditions returns the conditions of q on the rows of t, in addition to the one on the tenant,
// and their arguments.
func (s *resources) conditions(t *declare.Table, q ports.ResourceQuery) (string, []any) {
	query, args := "true", []any{}
	if q.After != "" { // an adopted item may have the empty name, which comes first
		query = itemsql.NameExpr(t, "t") + s.pool.ServerInfo.Collate + " > ?"
		args = append(args, q.After)
	}
	if q.Search != "" {
		pattern := pool.ContainsPattern(q.Search)
		matches := []string{itemsql.NameExpr(t, "t") + s.pool.ServerInfo.Fold + " ILIKE ?"}
		args = append(args, pattern)
		for _, column := range t.Search {
			matches = append(matches, "t."+sqltext.Quote(column)+s.pool.ServerInfo.Fold+" ILIKE ?")
			args = append(args, pattern)
		}
		query += " AND (" + strings.Join(matches, " OR ") + ")"
	}
	if len(q.Labels) > 0 {
		query += " AND " + itemsql.LabelsOf(t) + " @> ?::jsonb"
		args = append(args, labelsJSON(q.Labels))
	}
	return query, args
}
