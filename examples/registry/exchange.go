package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"unicode"
)

// exchange sends in as JSON, unless it is nil, and answers the body, which is
// empty where the registry has nothing to say.
func (c *client) exchange(ctx context.Context, method, path string, in any) (json.RawMessage, error) {
	r := request{method: method, path: path}
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		r.body, r.length = bytes.NewReader(raw), int64(len(raw))
		r.header = map[string]string{"Content-Type": "application/json"}
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// pages answers the items of every page of a list.
func (c *client) pages(ctx context.Context, path string, query url.Values) ([]json.RawMessage, error) {
	all := []json.RawMessage{} // not nil: --json prints a list
	for cursor := ""; ; {
		if query == nil {
			query = url.Values{}
		}
		query.Set("limit", "1000")
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		raw, err := c.exchange(ctx, http.MethodGet, path+"?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []json.RawMessage `json:"items"`
			Next  string            `json:"next_cursor"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, fmt.Errorf("the registry's list can't be read: %w", err)
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// readAll reads each of raw into a T.
func readAll[T any](raw []json.RawMessage) ([]T, error) {
	all := make([]T, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &all[i]); err != nil {
			return nil, fmt.Errorf("the registry's answer can't be read: %w", err)
		}
	}
	return all, nil
}

// table writes rows for people, below a head.
func (t terminal) table(head []string, rows [][]string) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		for i := range row {
			row[i] = printable(row[i])
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return w.Flush()
}

// printable keeps what somebody else wrote from moving the cursor, and shows that
// nothing is there.
func printable(text string) string {
	if text == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}
