package httpapitest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// pages reads a list to its end and gives one member of each item.
func (w *world) pages(t *testing.T, a ask, member string) []string {
	t.Helper()
	var all []string
	path := a.path
	for range 1000 {
		list := read[struct {
			Items      []map[string]any
			NextCursor string `json:"next_cursor"`
		}](t, w.do(t, a).ok(t, http.StatusOK))
		for _, item := range list.Items {
			all = append(all, item[member].(string))
		}
		if list.NextCursor == "" {
			return all
		}
		require.NotEmpty(t, list.Items, "a page with a further one is not empty")
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		a.path = path + separator + "cursor=" + url.QueryEscape(list.NextCursor)
	}
	t.Fatal("the list doesn't end")
	return nil
}

func TestAListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := []string{"B", "Z", "a", "a/b", "é", "日"}
	for _, name := range want {
		w.put(t, "/api/v1/prompts/"+segment(name), aPrompt)
	}
	for limit := 1; limit <= 7; limit++ {
		t.Run(fmt.Sprintf("%d a page", limit), func(t *testing.T) {
			t.Parallel()
			a := ask{as: "acme-viewer", path: fmt.Sprintf("/api/v1/prompts?limit=%d", limit)}
			assert.Equal(t, want, w.pages(t, a, "name"),
				"in the order of the names' bytes, each once")
			if limit >= len(want) {
				assert.NotContains(t, string(w.do(t, a).body), "next_cursor",
					"no cursor where nothing follows")
			}
		})
	}
}

func TestAPageHasAHundredItemsUnlessALimitSaysOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 101 {
		w.put(t, fmt.Sprintf("/api/v1/prompts/p%03d", i), aPrompt)
	}
	assert.Len(t, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).names(t), 100)
	assert.Len(t, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?limit=1000"}).names(t), 101)
}

func TestAListIsStableUnderWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"b", "d", "f"} {
		w.put(t, "/api/v1/prompts/"+name, aPrompt)
	}
	first := w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?limit=2"})
	w.put(t, "/api/v1/prompts/a", aPrompt)
	w.put(t, "/api/v1/prompts/e", aPrompt)
	w.do(t, ask{as: "acme-editor", method: "DELETE", path: "/api/v1/prompts/d"}).ok(t, 204)
	second := w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?limit=2&cursor=" +
		nextCursor(t, first)})
	assert.Equal(t, []string{"b", "d"}, first.names(t))
	assert.Equal(t, []string{"e", "f"}, second.names(t))
}

func nextCursor(t *testing.T, g got) string {
	t.Helper()
	cursor := read[struct {
		NextCursor string `json:"next_cursor"`
	}](t, g).NextCursor
	require.NotEmpty(t, cursor)
	return cursor
}

func TestAListIsFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, "/api/v1/prompts/Alpha", `{"labels":{"team":"a","tier":"1"},"spec":{"template":"t"}}`)
	w.put(t, "/api/v1/prompts/beta",
		`{"labels":{"team":"a"},"spec":{"template":"t","description":"not ALPHA"}}`)
	w.put(t, "/api/v1/prompts/100%25",
		`{"labels":{"x=y":"","team":"b=c"},"spec":{"template":"alpha"}}`)
	for query, want := range map[string][]string{
		"":                             {"100%", "Alpha", "beta"},
		"?q=alpha":                     {"Alpha", "beta"},
		"?q=":                          {"100%", "Alpha", "beta"},
		"?q=%25":                       {"100%"},
		"?q=_":                         {},
		"?q='%20OR%201=1%20--":         {},
		"?label=team=a":                {"Alpha", "beta"},
		"?label=team=a&label=tier=1":   {"Alpha"},
		"?label=team=b%3Dc":            {"100%"},
		"?label=team=A":                {},
		"?label=none=":                 {},
		"?label=team=a&q=beta&limit=1": {"beta"},
	} {
		assert.Equal(t, want, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts" + query}).
			ok(t, 200).names(t), query)
	}
}

func TestAQueryIsReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, query := range []string{
		"limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=", "limit=1.0", "limit=1&limit=2",
		"limit=99999999999999999999", "limit=%2B1",
		"page=2", "Limit=1", "q=a&q=b", "q=a%00b", "q=%ff", "q=a%0ab", "label", "label=", "label=x",
		"label==x", "label=a=1&label=a=2", "label=a=%00",
		"a;b", "%zz", "q=%", "dry_run=true", "kind=agent", "%71=a&q=b", "=1", "%00=1",
		"q=" + strings.Repeat("x", 257), "label=k=v" + strings.Repeat("&label=k=v", 40),
		strings.Repeat("x", 300) + "=1",
	} {
		t.Run(fmt.Sprintf("%.40s", query), func(t *testing.T) {
			t.Parallel()
			g := w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?" + query})
			g.refused(t, 422, tenancy.CodeInvalid)
			assert.Less(t, len(g.body), 1000)
		})
	}
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/x?limit=1"}).
		refused(t, 422, tenancy.CodeInvalid)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/me?q=1"}).refused(t, 422, tenancy.CodeInvalid)
}

func TestACursorIsGoodForItsOwnListOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, kind := range []string{"prompts", "mcp-servers"} {
		for _, name := range []string{"a", "b", "c"} {
			w.put(t, "/api/v1/"+kind+"/"+name, `{"labels":{"k":"v"},"spec":{"template":"t"}}`)
			w.do(t, ask{as: "beta-editor", method: "PUT", path: "/api/v1/" + kind + "/" + name,
				body: aPrompt}).ok(t, 201)
		}
	}
	cursor := nextCursor(t, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?limit=1"}))
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?cursor=" + cursor}).ok(t, 200)
	w.do(t, ask{as: "acme-editor", path: "/api/v1/prompts?limit=7&cursor=" + cursor}).ok(t, 200)
	for name, a := range map[string]ask{
		"another tenant":        {as: "beta-viewer", path: "/api/v1/prompts?cursor="},
		"another kind":          {as: "acme-viewer", path: "/api/v1/mcp-servers?cursor="},
		"another search":        {as: "acme-viewer", path: "/api/v1/prompts?q=a&cursor="},
		"an empty search":       {as: "acme-viewer", path: "/api/v1/prompts?q=&cursor="},
		"another label":         {as: "acme-viewer", path: "/api/v1/prompts?label=k=v&cursor="},
		"the list of tenants":   {as: "root", path: "/api/v1/tenants?cursor="},
		"the list of keys":      {as: "acme-admin", path: "/api/v1/tenants/acme/keys?cursor="},
		"discovery":             {as: "acme-viewer", path: "/api/v1/discovery?cursor="},
		"a super-admin in beta": {as: "root", tenant: "beta", path: "/api/v1/prompts?cursor="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a.path += cursor
			w.do(t, a).refused(t, 400, tenancy.CodeInvalidCursor)
		})
	}
}

func TestAForgedCursorIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"a", "b"} {
		w.put(t, "/api/v1/prompts/"+name, aPrompt)
	}
	good := nextCursor(t, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?limit=1"}))
	raw, err := base64.RawURLEncoding.DecodeString(good)
	require.NoError(t, err)
	forged := []string{"x", "a", "b", "AQ", "null", good + "A", good + "=", good + "\n",
		good[:len(good)-1], " " + good, strings.Repeat("A", 9000),
		base64.StdEncoding.EncodeToString(raw)}
	for i := range raw {
		changed := slices.Clone(raw)
		changed[i] ^= 1
		forged = append(forged, base64.RawURLEncoding.EncodeToString(changed))
	}
	forged = append(forged, base64.RawURLEncoding.EncodeToString(raw[:len(raw)-1]),
		base64.RawURLEncoding.EncodeToString(append(slices.Clone(raw), 0)))
	for _, cursor := range forged {
		if cursor == good {
			continue
		}
		g := w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?cursor=" +
			url.QueryEscape(cursor)})
		if strings.ContainsAny(cursor, "\n") {
			g.refused(t, 422, tenancy.CodeInvalid)
			continue
		}
		g.refused(t, 400, tenancy.CodeInvalidCursor)
	}
}

func FuzzQuery(f *testing.F) {
	w := newFuzzWorld(f)
	for _, seed := range []string{"limit=5", "q=a&label=k=v", "label=a=1&label=b=2", "cursor=x",
		"limit=0", "%", "a;b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		status, body := w.get("/api/v1/prompts?" + query)
		require.Contains(t, []int{200, 400, 422}, status, "%s", body)
		require.True(t, json.Valid(body))
	})
}

// fuzzWorld asks a handler without a network.
type fuzzWorld struct {
	handler http.Handler
	token   string
}

func newFuzzWorld(f *testing.F) fuzzWorld {
	f.Helper()
	w := bareWorld(f)
	return fuzzWorld{handler: w.handler, token: w.tokens["acme-viewer"]}
}

func (w fuzzWorld) get(target string) (int, []byte) {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	path, query, _ := strings.Cut(target, "?")
	req.URL.Path, req.URL.RawQuery = path, query
	req.Header.Set("Authorization", "Bearer "+w.token)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	return rec.Code, rec.Body.Bytes()
}
