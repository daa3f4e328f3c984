package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
)

// maxResponse is how much of an answer is read, in bytes: a page of 1,000 items.
const maxResponse = 64 << 20

// call sends in, unless nil, and reads the answer into a T; one without a body is
// the zero T.
func call[T any](
	ctx context.Context, c *client, method, path string, query url.Values, in any,
) (answer T, err error) {
	r := request{method: method, path: path, query: query}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return answer, err
		}
		r.body, r.length = bytes.NewReader(body), int64(len(body))
		r.header = map[string]string{"Content-Type": "application/json"}
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return answer, nil
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxResponse)).
		Decode(&answer); err != nil {
		return answer, fmt.Errorf("the registry's answer can't be read: %w", err)
	}
	return answer, nil
}

// page is one of a list.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"`
}

// list reads all pages of a list that query selects from.
func list[T any](ctx context.Context, c *client, path string, query url.Values) ([]T, error) {
	all := []T{}
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	for query.Set("limit", "1000"); ; {
		p, err := call[page[T]](ctx, c, http.MethodGet, path, query, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Items...)
		if p.NextCursor == "" || p.NextCursor == query.Get("cursor") {
			return all, nil
		}
		query.Set("cursor", p.NextCursor)
	}
}

// decodeAll reads each of raw, as --json prints them, into a T.
func decodeAll[T any](raw []json.RawMessage) ([]T, error) {
	all := make([]T, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &all[i]); err != nil {
			return nil, fmt.Errorf("the registry's answer can't be read: %w", err)
		}
	}
	return all, nil
}
