package apicall

// List is a page of a list of the API.
type List[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"` // of the next page; empty: this is the last one
}
