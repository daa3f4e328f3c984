package isolation_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newForCursors returns a registry without a server in which acme and beta have prompts
// and agents of the same names. Each description is the tenant's slug.
func newForCursors(f *testing.F) *apitest.Registry {
	f.Helper()
	reg := apitest.NewUnserved(f)
	for _, tenant := range []string{"acme", "beta"} {
		for _, path := range []string{"prompts/a", "prompts/mm", "prompts/z", "agents/a",
			"agents/z"} {
			req := httptest.NewRequest(http.MethodPut, "/api/v1/"+path,
				strings.NewReader(`{"spec":{"template":"","description":"`+tenant+`"}}`))
			req.Header.Set("Authorization", "Bearer "+reg.Tokens[tenant+"-editor"])
			rec := httptest.NewRecorder()
			reg.Handler.ServeHTTP(rec, req)
			require.Equal(f, http.StatusCreated, rec.Code, "%s", rec.Body)
		}
	}
	return reg
}

// listCursors returns the cursors of all pages of a list.
func listCursors(f *testing.F, w apitest.HandlerClient, path string) (cursors []string) {
	f.Helper()
	for cursor := ""; ; cursors = append(cursors, cursor) {
		status, body := w.Get(path + "cursor=" + url.QueryEscape(cursor))
		require.Equal(f, http.StatusOK, status, "%s", body)
		var page struct {
			NextCursor string `json:"next_cursor"`
		}
		require.NoError(f, json.Unmarshal(body, &page))
		if cursor = page.NextCursor; cursor == "" {
			return cursors
		}
	}
}

// otherEncoding increments the last character of a base64 text. Its unused bits may
// change, so that a lenient decoder returns the same bytes.
func otherEncoding(text string) string {
	last := len(text) - 1
	return text[:last] + string(text[last]+1)
}

// FuzzCursor sends any text as a cursor: acme's list of prompts accepts exactly the
// cursors that it returned and refuses all others, such as those of other lists and of
// beta.
func FuzzCursor(f *testing.F) {
	reg := newForCursors(f)
	acme, beta := apitest.HandlerClient{Handler: reg.Handler, Token: reg.Tokens["acme-viewer"]},
		apitest.HandlerClient{Handler: reg.Handler, Token: reg.Tokens["beta-viewer"]}
	const list = "/api/v1/prompts?limit=1&"
	returned := map[string]bool{"": true}
	for _, cursor := range listCursors(f, acme, list) {
		returned[cursor] = true
		for _, seed := range []string{cursor, cursor + "=", cursor[1:], cursor[:len(cursor)-1] +
			"_", cursor + "\n", cursor + "AA", "B" + cursor[1:], otherEncoding(cursor)} {
			f.Add(seed)
		}
	}
	require.Len(f, returned, 3)
	for _, foreign := range [][]string{
		listCursors(f, beta, list), listCursors(f, acme, "/api/v1/agents?limit=1&"),
		listCursors(f, acme, "/api/v1/discovery?limit=1&"), listCursors(f, acme, list+"q=acme&"),
	} {
		require.NotEmpty(f, foreign)
		f.Add(foreign[0])
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		status, body := acme.Get(list + "cursor=" + url.QueryEscape(cursor))
		require.NotContains(t, string(body), `"beta"`)
		switch {
		case returned[cursor]:
			require.Equal(t, http.StatusOK, status, "%s", body)
		case !utf8.ValidString(cursor) || strings.ContainsFunc(cursor, unicode.IsControl):
			require.Contains(t, string(body), `"code":"invalid"`)
		default:
			require.Equal(t, http.StatusBadRequest, status, "%q: %s", cursor, body)
			require.Contains(t, string(body), `"code":"invalid_cursor"`)
		}
	})
}

// FuzzCursorPosition forges cursors of any list and any position, as a reader of this
// code can: those of beta and of other lists are refused; those of acme's prompts
// return the items after their position, or are refused.
func FuzzCursorPosition(f *testing.F) {
	reg := newForCursors(f)
	for _, position := range []string{"a", "", "b", "zz", "\x00", "a\x00b", "\xff", "' OR 1=1 --",
		"日"} {
		f.Add("list prompt", position, true)
		f.Add("list prompt", position, false)
		f.Add("list agent", position, true)
	}
	caller := apitest.HandlerClient{Handler: reg.Handler, Token: reg.Tokens["acme-viewer"]}
	f.Fuzz(func(t *testing.T, list, position string, own bool) {
		tenant := reg.Tenants["beta"].ID
		if own {
			tenant = reg.Tenants["acme"].ID
		}
		status, body := caller.Get("/api/v1/prompts?cursor=" + forgeCursor(list, tenant, position))
		require.NotContains(t, string(body), `"beta"`)
		if status != http.StatusOK {
			require.Equal(t, http.StatusBadRequest, status, "%s", body)
			require.Contains(t, string(body), `"code":"`+string(tenancy.CodeInvalidCursor)+`"`)
			return
		}
		require.True(t, own, "a cursor of another tenant was accepted")
		require.Equal(t, "list prompt", list, "a cursor of another list was accepted")
		names := (apitest.Response{Body: body}).Names(t)
		for _, name := range []string{"a", "mm", "z"} {
			if name > position {
				require.Contains(t, names, name)
				continue
			}
			require.NotContains(t, names, name)
		}
	})
}
