package apicall

import (
	"context"
	"iter"
	"net/url"
)

// List is a page of a list of the API.
type List[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"` // of the next page; empty: this is the last one
}

// All yields every item of a list, page after page. An error ends it.
func All[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			var found List[T]
			if err := c.Get(ctx, path, query, &found); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range found.Items {
				if !yield(item, nil) {
					return
				}
			}
			if found.NextCursor == "" {
				return
			}
			query.Set("cursor", found.NextCursor)
		}
	}
}
