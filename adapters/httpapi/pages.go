package httpapi

import (
	"net/http"
	"slices"
)

// page is a list as it is answered.
type page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"where the next page begins; absent on the last page"`
}

// listing is one page of a list that is being made.
type listing struct {
	scope []string
	start string
	limit int
}

// listing reads which page of which list the call asks for. The list is the
// route as it is written in its operation, the tenant and the query.
func (c *call) listing(op string) (listing, error) {
	l, places, err := c.listings(op, 1)
	if err != nil {
		return listing{}, err
	}
	l.start = places[0]
	return l, nil
}

// listings reads which page of n lists the call asks for that are paged
// together.
func (c *call) listings(op string, n int) (l listing, after []string, err error) {
	l.scope = slices.Concat([]string{op}, c.listOwner(), c.query.cursorScope())
	if l.limit, err = c.query.limit(); err != nil {
		return listing{}, nil, err
	}
	after, err = decodeCursor(l.scope, c.query.text("cursor"), n)
	return l, after, err
}

// listOwner says whose list is paged: the tenant's, or the caller's where it is
// in no tenant.
func (c *call) listOwner() []string {
	if c.tenant.ID.IsZero() {
		return []string{string(c.principal.Kind), c.principal.ID}
	}
	return []string{c.tenant.ID.String()}
}

// fetchLimit is how many items to ask for: one more than the page shows tells whether
// there is a further page.
func (l listing) fetchLimit() int { return l.limit + 1 }

// writeList answers one page of a list. ask is the use case, and key an item's
// place in the order of the list.
func writeList[S, T any](
	w http.ResponseWriter, l listing, key func(S) string, show func(S) T,
	ask func(after string, limit int) ([]S, error),
) error {
	found, err := ask(l.start, l.limit)
	if err != nil {
		return err
	}
	if found, err = fetchOneMore(l, found, key, ask); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(l, found, key, show))
}

// fetchOneMore asks for one more item behind a full page, of a use case that answers
// no more than the largest page.
func fetchOneMore[S any](
	l listing, found []S, key func(S) string, ask func(after string, limit int) ([]S, error),
) ([]S, error) {
	if len(found) < l.limit {
		return found, nil
	}
	next, err := ask(key(found[l.limit-1]), 1)
	return append(found, next...), err
}

// pageOf makes the answer out of what [listing.more] brought. key is an item's
// place in the order of the list.
func pageOf[S, T any](l listing, found []S, key func(S) string, show func(S) T) page[T] {
	var p page[T]
	if len(found) > l.limit {
		found = found[:l.limit]
		p.NextCursor = encodeCursor(l.scope, key(found[l.limit-1]))
	}
	p.Items = make([]T, 0, len(found))
	for _, item := range found {
		p.Items = append(p.Items, show(item))
	}
	return p
}
