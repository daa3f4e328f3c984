package memory

import (
	"cmp"
	"iter"
	"slices"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// keysetPage returns at most limit of the rows that match and whose key is greater
// than after, in the order of their keys. A limit that isn't positive is
// [tenancy.CodeInvalid].
func keysetPage[V any, K cmp.Ordered](
	rows iter.Seq[V], match func(V) bool, key func(V) K, after K, limit int,
) ([]V, error) {
	if err := tenancy.CheckLimit(limit); err != nil {
		return nil, err
	}
	var found []V
	for row := range rows {
		if key(row) > after && match(row) {
			found = append(found, row)
		}
	}
	slices.SortFunc(found, func(a, b V) int { return cmp.Compare(key(a), key(b)) })
	return firstN(found, limit), nil
}

func firstN[T any](all []T, n int) []T { return all[:min(n, len(all))] }
