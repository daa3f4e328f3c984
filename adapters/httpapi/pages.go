package httpapi

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/cursor"
)

// page is one page of a list in a response.
type page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"the cursor of the next page; absent on the last page"`
}

// listing says which page of which list a call requests.
type listing struct {
	scope []string // identifies the list for cursors: route, owner and query
	after string   // the key of the last item before the page, "" for the first page
	limit int
}

// listing reads which page the call requests of the list named op.
func (c *call) listing(op string) (listing, error) {
	l, positions, err := c.listings(op, 1)
	if err != nil {
		return listing{}, err
	}
	l.after = positions[0]
	return l, nil
}

// listings reads which page the call requests of n lists with one cursor.
func (c *call) listings(op string, n int) (l listing, after []string, err error) {
	l.scope = slices.Concat([]string{op}, c.listOwner(), c.query.CursorScope())
	if l.limit, err = c.query.Limit(); err != nil {
		return listing{}, nil, err
	}
	after, err = cursor.Decode(l.scope, c.query.Text("cursor"), n)
	return l, after, err
}

// listOwner identifies the owner of a list: the tenant, or the caller if the list
// belongs to no tenant.
func (c *call) listOwner() []string {
	if c.tenant.ID.IsZero() {
		return []string{string(c.principal.Kind), c.principal.ID}
	}
	return []string{c.tenant.ID.String()}
}

// fetchLimit is the number of items to read: one more than the page has, to know
// whether another page follows.
func (l listing) fetchLimit() int { return l.limit + 1 }

// writeList writes one page of a list. key returns an item's sort key, and list reads
// at most limit items after a key.
func writeList[S, T any](
	w http.ResponseWriter, l listing, key func(S) string, show func(S) T,
	list func(after string, limit int) ([]S, error),
) error {
	found, err := list(l.after, l.limit)
	if err != nil {
		return err
	}
	if found, err = fetchOneMore(l, found, key, list); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, pageOf(l, found, key, show))
}

// fetchOneMore reads one more item after a full page. It needs a second read because a
// use case returns at most the largest page.
func fetchOneMore[S any](
	l listing, found []S, key func(S) string, list func(after string, limit int) ([]S, error),
) ([]S, error) {
	if len(found) < l.limit {
		return found, nil
	}
	next, err := list(key(found[l.limit-1]), 1)
	return append(found, next...), err
}

// pageOf builds the page from up to [listing.fetchLimit] items. key returns an item's
// sort key.
func pageOf[S, T any](l listing, found []S, key func(S) string, show func(S) T) page[T] {
	var p page[T]
	if len(found) > l.limit {
		found = found[:l.limit]
		p.NextCursor = cursor.Encode(l.scope, key(found[l.limit-1]))
	}
	p.Items = make([]T, 0, len(found))
	for _, item := range found {
		p.Items = append(p.Items, show(item))
	}
	return p
}
