package httpapitest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	want := []string{"B", "Z", "a", "a/b", "é", "日"}
	for _, name := range want {
		reg.Put(t, "/api/v1/prompts/"+segment(name), apitest.PromptBody)
	}
	for limit := 1; limit <= 7; limit++ {
		t.Run(fmt.Sprintf("%d a page", limit), func(t *testing.T) {
			t.Parallel()
			req := apitest.Get("acme-viewer", fmt.Sprintf("/api/v1/prompts?limit=%d", limit))
			assert.Equal(t, want, reg.Pages(t, req, "name"),
				"in the order of the names' bytes, each once")
			if limit >= len(want) {
				assert.NotContains(t, string(reg.Do(t, req).Body), "next_cursor",
					"no cursor where nothing follows")
			}
		})
	}
}

func TestPageHasAHundredItemsByDefault(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for i := range 101 {
		reg.Put(t, fmt.Sprintf("/api/v1/prompts/p%03d", i), apitest.PromptBody)
	}
	assert.Len(t, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).Names(t), 100)
	assert.Len(t, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?limit=1000")).Names(t), 101)
}

func TestListIsStableUnderWrites(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, name := range []string{"b", "d", "f"} {
		reg.Put(t, "/api/v1/prompts/"+name, apitest.PromptBody)
	}
	first := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?limit=2"))
	reg.Put(t, "/api/v1/prompts/a", apitest.PromptBody)
	reg.Put(t, "/api/v1/prompts/e", apitest.PromptBody)
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/d")).Want(t, 204)
	second := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?limit=2&cursor="+
		apitest.NextCursor(t, first)))
	assert.Equal(t, []string{"b", "d"}, first.Names(t))
	assert.Equal(t, []string{"e", "f"}, second.Names(t))
}

func TestListIsFilteredByTextAndLabel(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/Alpha",
		`{"labels":{"team":"a","tier":"1"},"spec":{"template":"t"}}`)
	reg.Put(t, "/api/v1/prompts/beta",
		`{"labels":{"team":"a"},"spec":{"template":"t","description":"not ALPHA"}}`)
	reg.Put(t, "/api/v1/prompts/100%25",
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
		assert.Equal(t, want, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts"+query)).
			Want(t, 200).Names(t), query)
	}
}

func TestQueryIsParsedStrictly(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
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
			res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?"+query))
			res.WantProblem(t, 422, tenancy.CodeInvalid)
			assert.Less(t, len(res.Body), 1000)
		})
	}
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/x?limit=1")).
		WantProblem(t, 422, tenancy.CodeInvalid)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/me?q=1")).WantProblem(t, 422, tenancy.CodeInvalid)
}

func TestCursorIsRefusedInAnotherList(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, kind := range []string{"prompts", "mcp-servers"} {
		for _, name := range []string{"a", "b", "c"} {
			reg.Put(t, "/api/v1/"+kind+"/"+name, `{"labels":{"k":"v"},"spec":{"template":"t"}}`)
			reg.Do(t, apitest.Put("beta-editor", "/api/v1/"+kind+"/"+name, apitest.PromptBody)).
				Want(t, 201)
		}
	}
	cursor := apitest.NextCursor(t,
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?limit=1")))
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?cursor="+cursor)).Want(t, 200)
	reg.Do(t, apitest.Get("acme-editor", "/api/v1/prompts?limit=7&cursor="+cursor)).Want(t, 200)
	for name, req := range map[string]apitest.Request{
		"another tenant":        {As: "beta-viewer", Path: "/api/v1/prompts?cursor="},
		"another kind":          {As: "acme-viewer", Path: "/api/v1/mcp-servers?cursor="},
		"another search":        {As: "acme-viewer", Path: "/api/v1/prompts?q=a&cursor="},
		"an empty search":       {As: "acme-viewer", Path: "/api/v1/prompts?q=&cursor="},
		"another label":         {As: "acme-viewer", Path: "/api/v1/prompts?label=k=v&cursor="},
		"the list of tenants":   {As: "root", Path: "/api/v1/tenants?cursor="},
		"the list of keys":      {As: "acme-admin", Path: "/api/v1/tenants/acme/keys?cursor="},
		"discovery":             {As: "acme-viewer", Path: "/api/v1/discovery?cursor="},
		"a super-admin in beta": {As: "root", Tenant: "beta", Path: "/api/v1/prompts?cursor="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req.Path += cursor
			reg.Do(t, req).WantProblem(t, 400, tenancy.CodeInvalidCursor)
		})
	}
}

func TestChangedCursorIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, name := range []string{"a", "b"} {
		reg.Put(t, "/api/v1/prompts/"+name, apitest.PromptBody)
	}
	good := apitest.NextCursor(t, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?limit=1")))
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
		res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?cursor="+
			url.QueryEscape(cursor)))
		if strings.ContainsAny(cursor, "\n") {
			res.WantProblem(t, 422, tenancy.CodeInvalid)
			continue
		}
		res.WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
}

func FuzzQuery(f *testing.F) {
	w := newHandlerClient(f)
	for _, seed := range []string{"limit=5", "q=a&label=k=v", "label=a=1&label=b=2", "cursor=x",
		"limit=0", "%", "a;b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		status, body := w.Get("/api/v1/prompts?" + query)
		require.Contains(t, []int{200, 400, 422}, status, "%s", body)
		require.True(t, json.Valid(body))
	})
}

func newHandlerClient(f *testing.F) apitest.HandlerClient {
	f.Helper()
	reg := apitest.NewUnserved(f)
	return apitest.HandlerClient{Handler: reg.Handler, Token: reg.Tokens["acme-viewer"]}
}
