package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// maxResponse is the longest response body that is read, in bytes. A page of
// 1,000 items must fit.
const maxResponse = 64 << 20

// Call sends a request with the body in, unless in is nil, and decodes the
// response into a T. A response without a body returns the zero T.
func Call[T any](
	ctx context.Context, c *Client, method, path string, query url.Values, in any,
) (result T, err error) {
	result, _, err = CallTagged[T](ctx, c, Request{Method: method, Path: path, Query: query}, in)
	return result, err
}

// CallTagged is [Call] with all of a request but its body. It also returns the ETag of the
// response, empty if it has none.
func CallTagged[T any](
	ctx context.Context, c *Client, r Request, in any,
) (result T, tag string, err error) {
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return result, "", err
		}
		r.Body = bytes.NewReader(body)
		r.Header = maps.Clone(r.Header)
		if r.Header == nil {
			r.Header = map[string]string{}
		}
		r.Header["Content-Type"] = "application/json"
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		return result, "", err
	}
	defer resp.Body.Close()
	tag = strings.TrimPrefix(resp.Header.Get("ETag"), "W/") // which a compressing proxy adds
	if resp.StatusCode == http.StatusNoContent {
		return result, tag, nil
	}
	limited := http.MaxBytesReader(nil, resp.Body, maxResponse)
	if err := json.NewDecoder(limited).Decode(&result); err != nil {
		return result, "", InvalidResponse(err)
	}
	return result, tag, nil
}

// InvalidResponse wraps an error of reading or decoding a successful response.
func InvalidResponse(err error) error {
	return fmt.Errorf("invalid response from the registry: %w", err)
}

// Page is one page of a list.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"`
}

// List reads all pages of a list. The query filters it.
func List[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	all := []T{}
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	for query.Set("limit", "1000"); ; {
		p, err := Call[Page[T]](ctx, c, http.MethodGet, path, query, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, p.Items...)
		if p.NextCursor == "" {
			return all, nil
		}
		if p.NextCursor == query.Get("cursor") {
			return nil, InvalidResponse(errors.New("a list repeats its cursor, so it has no end"))
		}
		query.Set("cursor", p.NextCursor)
	}
}

// DecodeAll decodes each value of raw into a T.
func DecodeAll[T any](raw []json.RawMessage) ([]T, error) {
	all := make([]T, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &all[i]); err != nil {
			return nil, InvalidResponse(err)
		}
	}
	return all, nil
}
