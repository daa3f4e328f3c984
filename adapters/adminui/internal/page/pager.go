package page

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// Pager returns the links to the other pages of a list. first is the path of its first page, with
// what the list is filtered by; next is the cursor of the next page, empty on the last one.
func (r *Request) Pager(first, next string) view.Pager {
	var p view.Pager
	if next != "" {
		p.Next = urls.With(first, "cursor", next)
	}
	if r.Query().Get("cursor") != "" {
		p.First = first
	}
	return p
}
