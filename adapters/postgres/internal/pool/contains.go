package pool

import (
	"strings"
	"unicode"

	"github.com/uptrace/bun"
)

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// ContainsPattern returns the pattern of LIKE and ILIKE for texts that contain search.
func ContainsPattern(search string) string { return "%" + likeEscaper.Replace(search) + "%" }

// WhereContains adds the condition that one of the columns contains search, in any case of
// letters; nothing if search is empty. Only letters outside ASCII need the collation of
// [ServerInfo.Fold], which takes ten times as long.
func (i ServerInfo) WhereContains(
	query *bun.SelectQuery, search string, columns ...string,
) *bun.SelectQuery {
	if search == "" {
		return query
	}
	fold := ` COLLATE "C"`
	if strings.ContainsFunc(search, func(r rune) bool { return r > unicode.MaxASCII }) {
		fold = i.Fold
	}
	return query.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, column := range columns {
			q = q.WhereOr(column+fold+" ILIKE ?", ContainsPattern(search))
		}
		return q
	})
}
