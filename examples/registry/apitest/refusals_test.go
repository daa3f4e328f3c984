package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// refusedRequest is an invalid request and the expected refusal.
type refusedRequest struct {
	name         string
	method, path string
	body         any
	header       []string
	status       int
	code         tenancy.Code
	errorPath    string // the path of the first of errors; empty: not checked
}

// requireRefused sends each request and requires that it is refused, writes nothing
// and reveals no internal details.
func requireRefused(t *testing.T, c harness.Caller, requests []refusedRequest) {
	t.Helper()
	before := c.Export(t)
	for _, r := range requests {
		got := c.Send(t, r.method, r.path, r.body, r.header...)
		require.Equal(t, r.status, got.Status, "%s: %s", r.name, got.Body)
		p := got.IsProblem(t, r.status, r.code)
		require.NotEmpty(t, p.Detail, r.name)
		require.Less(t, len(got.Body), 4<<10, "%s: the response repeats the request", r.name)
		if r.errorPath != "" {
			require.NotEmpty(t, p.Errors, "%s: %s", r.name, got.Body)
			require.Equal(t, r.errorPath, p.Errors[0].Path, r.name)
		}
		for _, leak := range []string{"SQLSTATE", "pgdriver", "ERROR:", "goroutine", "bailiwick_",
			"tenant_id"} {
			require.NotContains(t, string(got.Body), leak, r.name)
		}
		require.Equal(t, string(before), string(c.Export(t)), "%s: something was written", r.name)
	}
}

func TestInvalidResourceIsRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	c := serve(t).TenantNamed(t, "staging")
	createSamples(t, c)
	agent := harness.Resource("agent", "new")
	put := func(
		name, path, body string, status int, code tenancy.Code, errorPath string,
	) refusedRequest {
		return refusedRequest{name: name, method: http.MethodPut, path: path, body: body,
			status: status, code: code, errorPath: errorPath}
	}
	const bad, unprocessable, large = http.StatusBadRequest, http.StatusUnprocessableEntity,
		http.StatusRequestEntityTooLarge
	requireRefused(t, c, []refusedRequest{
		put("dangling reference", agent, `{"spec":{"extends":"unknown"}}`, unprocessable,
			"dangling_reference", "/spec/extends"),
		put("agent that extends itself", harness.Resource("agent", "itself"),
			`{"spec":{"extends":"itself"}}`, unprocessable, "cyclic_reference", "/spec/extends"),
		put("ring of agents", harness.Resource("agent", "base"),
			`{"spec":{"extends":"chain-2"}}`, unprocessable,
			"cyclic_reference", "/spec/extends"),
		put("dangling reference among valid ones", agent, `{"spec":{"prompts":["a","none","z"]}}`,
			unprocessable, "dangling_reference", "/spec/prompts/1"),
		put("dangling model_config", agent, `{"spec":{"model_config":"none"}}`, unprocessable,
			"dangling_reference", "/spec/model_config"),
		put("reference to a name of another kind", agent, `{"spec":{"extends":"nightly"}}`,
			unprocessable, "dangling_reference", "/spec/extends"),
		put("dangling subject", harness.Resource("trust_rule", "r"),
			`{"spec":{"effect":"deny","subject":{"kind":"mcp_server","name":"base"}}}`,
			unprocessable, "dangling_reference", "/spec/subject"),
		put("update with a dangling reference", harness.Resource("agent", "base"),
			`{"spec":{"extends":"unknown"}}`,
			unprocessable, "dangling_reference", "/spec/extends"),
		put("defaults with a dangling reference", harness.Resource("defaults", "default"),
			`{"spec":{"model_config":"unknown"}}`, unprocessable, "dangling_reference",
			"/spec/model_config"),
		put("subject of a wrong kind", harness.Resource("trust_rule", "r"),
			`{"spec":{"effect":"deny","subject":{"kind":"prompt","name":"a"}}}`, unprocessable,
			"invalid", ""),
		put("repeated reference", agent, `{"spec":{"prompts":["a","a"]}}`, unprocessable,
			"invalid", ""),
		put("reference of the wrong type", agent, `{"spec":{"extends":7}}`, unprocessable,
			"invalid", "/spec/extends"),
		put("unknown field", agent, `{"spec":{},"nmae":"x"}`, unprocessable, "unknown_field",
			"/nmae"),
		put("field in the wrong case", agent, `{"Spec":{}}`, unprocessable, "unknown_field",
			"/Spec"),
		put("field of responses only", agent, `{"spec":{},"version":3}`, unprocessable,
			"unknown_field", "/version"),
		put("duplicate key", agent, `{"spec":{"a":1,"a":1}}`, bad, "invalid_json", "/spec/a"),
		put("duplicate key at the top level", agent, `{"spec":{},"spec":{}}`, bad, "invalid_json",
			"/spec"),
		put("duplicate key with an escape", agent, `{"spec":{"a":1,"\u0061":2}}`, bad,
			"invalid_json", "/spec/a"),
		put("trailing data", agent, `{"spec":{}} {}`, bad, "invalid_json", ""),
		put("not JSON", agent, `spec`, bad, "invalid_json", ""),
		put("incomplete body", agent, `{"spec":{"a":`, bad, "invalid_json", ""),
		put("empty body", agent, ``, bad, "invalid_json", ""),
		put("array", agent, `[]`, unprocessable, "invalid", ""),
		put("null", agent, `null`, unprocessable, "invalid", ""),
		put("missing spec", agent, `{"labels":{}}`, unprocessable, "invalid", "/spec"),
		put("spec of the wrong type", agent, `{"spec":[]}`, unprocessable, "invalid", ""),
		put("NUL", agent, `{"spec":{"description":"a\u0000b"}}`, bad, "invalid_json",
			"/spec/description"),
		put("NUL in a key", agent, `{"spec":{"a\u0000":1}}`, bad, "invalid_json", ""),
		put("lone surrogate", agent, `{"spec":{"description":"\ud800"}}`, bad, "invalid_json",
			""),
		put("invalid UTF-8", agent, "{\"spec\":{\"description\":\"\xff\xfe\"}}", bad,
			"invalid_json", ""),
		put("byte order mark", agent, "\ufeff{\"spec\":{}}", bad, "invalid_json", ""),
		put("integer that a double can't hold", agent, `{"spec":{"n":12345678901234567890}}`,
			unprocessable, "inexact_number", "/spec/n"),
		put("fraction that a double can't hold", agent,
			`{"spec":{"n":[0.1000000000000000055511151231257827]}}`, unprocessable,
			"inexact_number", "/spec/n/0"),
		put("number above the largest double", agent, `{"spec":{"n":1e400}}`, unprocessable,
			"inexact_number", "/spec/n"),
		put("2 MiB", agent, `{"spec":{"description":"`+strings.Repeat("x", 2<<20)+`"}}`, large,
			"too_large", ""),
		put("1 MiB and 1 byte", agent, `{"spec":{}}`+strings.Repeat(" ", 1<<20-10), large,
			"too_large", ""),
		put("deep nesting", agent, `{"spec":{"a":`+strings.Repeat("[", 20_000)+
			strings.Repeat("]", 20_000)+`}}`, bad, "invalid_json", ""),
		put("string for a number", harness.Resource("context_config", "c"),
			`{"spec":{"max_tokens":"many"}}`, unprocessable, "invalid", "/spec/max_tokens"),
		put("fraction for an integer", harness.Resource("context_config", "c"),
			`{"spec":{"max_tokens":1.5}}`, unprocessable, "invalid", "/spec/max_tokens"),
		put("integer above the column's maximum", harness.Resource("trust_rule", "r"),
			`{"spec":{"effect":"deny","priority":2147483648}}`, unprocessable, "invalid",
			"/spec/priority"),
		put("unknown effect", harness.Resource("trust_rule", "r"), `{"spec":{"effect":"maybe"}}`,
			unprocessable, "invalid", "/spec/effect"),
		put("missing effect", harness.Resource("trust_rule", "r"), `{"spec":{}}`, unprocessable,
			"invalid",
			"/spec/effect"),
		put("trigger without agent", harness.Resource("trigger", "t"), `{"spec":{"type":"event"}}`,
			unprocessable, "invalid", "/spec/agent"),
		put("empty secret", harness.Resource("model_config", "m"),
			`{"spec":{"provider":"p","model":"m","api_key":""}}`, unprocessable, "invalid",
			"/spec/api_key"),
		put("secret of an invalid form", harness.Resource("model_config", "m"),
			`{"spec":{"provider":"p","model":"m","api_key":{"$secret":"x","y":1}}}`, unprocessable,
			"invalid", "/spec/api_key"),
		put("label of the wrong type", agent, `{"spec":{},"labels":{"a":1}}`, unprocessable,
			"invalid", "/labels/a"),
		put("label that is null", agent, `{"spec":{},"labels":{"a":null}}`, unprocessable,
			"invalid", "/labels/a"),
		put("label with an empty key", agent, `{"spec":{},"labels":{"":"x"}}`, unprocessable,
			"invalid", ""),
		put("defaults with another name", harness.Resource("defaults", "mine"), `{"spec":{}}`,
			unprocessable, "invalid",
			""),
		put("name with a control character", "/api/v1/agents/a%0Ab", `{"spec":{}}`, unprocessable,
			"invalid", ""),
		put("name with NUL", "/api/v1/agents/a%00b", `{"spec":{}}`, unprocessable, "invalid", ""),
		put("name that isn't UTF-8", "/api/v1/agents/a%ffb", `{"spec":{}}`, unprocessable,
			"invalid", ""),
		put("name with a leading space", "/api/v1/agents/%20a", `{"spec":{}}`, unprocessable,
			"invalid", ""),
		put("name of 257 characters", "/api/v1/agents/"+strings.Repeat("n", 257), `{"spec":{}}`,
			unprocessable, "invalid", ""),
		put("unknown kind", "/api/v1/things/a", `{}`, http.StatusNotFound, "not_found", ""),
		put("name that differs in case only", harness.Resource("agent", "Base"), `{"spec":{}}`,
			http.StatusConflict, "already_exists", ""),
		{name: "wrong content type", method: http.MethodPut, path: agent, body: `{"spec":{}}`,
			header: []string{"Content-Type", "text/plain"}, status: http.StatusUnsupportedMediaType,
			code: "unsupported_media_type"},
		{name: "delete of a referenced agent", method: http.MethodDelete,
			path: harness.Resource("agent", "chain-1"), status: http.StatusConflict,
			code: "referenced"},
		{name: "delete of a referenced prompt", method: http.MethodDelete,
			path: harness.Resource("prompt", "m/1"), status: http.StatusConflict,
			code: "referenced"},
		{name: "delete of the defaults", method: http.MethodDelete,
			path: harness.Resource("defaults", "default"), status: http.StatusConflict,
			code: "not_deletable"},
		{name: "delete of a missing agent", method: http.MethodDelete,
			path:   harness.Resource("agent", "unknown"),
			status: http.StatusNotFound, code: "not_found"},
	})
}

func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	c := serve(t).Tenant(t)
	first := c.Put(t, "prompt", "p", map[string]any{})
	second := c.Put(t, "prompt", "p", map[string]any{"template": "2"})
	former, current := first.Header.Get("ETag"), second.Header.Get("ETag")
	require.NotEqual(t, former, current)
	path, spec := harness.Resource("prompt", "p"), `{"spec":{"template":"3"}}`
	requireRefused(t, c, []refusedRequest{
		{"PUT with a former tag", http.MethodPut, path, spec, []string{"If-Match", former},
			http.StatusPreconditionFailed, "version_mismatch", ""},
		{"DELETE with a bare version", http.MethodDelete, path, nil, []string{"If-Match", `"2"`},
			http.StatusPreconditionFailed, "version_mismatch", ""},
		{"PUT of any version of a missing prompt", http.MethodPut, path + "x", spec,
			[]string{"If-Match", "*"},
			http.StatusPreconditionFailed, "version_mismatch", ""},
		{"PUT that only creates", http.MethodPut, path, spec, []string{"If-None-Match", "*"},
			http.StatusPreconditionFailed, "already_exists", ""},
		{"PUT unless it has a version", http.MethodPut, path, spec,
			[]string{"If-None-Match", `"1"`},
			http.StatusUnprocessableEntity, "invalid", ""},
	})
	c.Send(t, http.MethodGet, path, nil, "If-None-Match", current).
		HasStatus(t, http.StatusNotModified)
	third := c.Send(t, http.MethodPut, path, spec, "If-Match", current).HasStatus(t, http.StatusOK)
	c.Send(t, http.MethodPut, path+"x", spec, "If-None-Match", "*").HasStatus(t, http.StatusCreated)
	c.Send(t, http.MethodDelete, path, nil, "If-Match", third.Header.Get("ETag")).
		HasStatus(t, http.StatusNoContent)

	c.Put(t, "prompt", "p", map[string]any{"template": "anew"})
	c.Send(t, http.MethodGet, path, nil, "If-None-Match", former).HasStatus(t, http.StatusOK)
	c.Send(t, http.MethodPut, path, spec, "If-Match", former).
		IsProblem(t, http.StatusPreconditionFailed, "version_mismatch")
}

func TestDeleteOfReferencedItemNamesReferrers(t *testing.T) {
	t.Parallel()
	c := serve(t).Tenant(t)
	createSamples(t, c)
	got := c.Send(t, http.MethodDelete, harness.Resource("agent", "base"), nil)
	got.IsProblem(t, http.StatusConflict, "referenced")
	require.Equal(t, []federation.Ref{
		{Kind: "agent", Name: "chain-1"}, {Kind: "context_config", Name: "small"},
		{Kind: "trigger", Name: "nightly"},
	}, harness.Decode[struct{ Referrers []federation.Ref }](t, got).Referrers)

	c.Send(t, http.MethodDelete, harness.Resource("agent", "itself"), nil).
		HasStatus(t, http.StatusNoContent)
}

func TestInvalidQueryIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, other := s.Tenant(t), s.Tenant(t)
	for _, name := range []string{"a", "b", "c"} {
		c.Put(t, "prompt", name, map[string]any{}, "k", "v")
		other.Put(t, "prompt", name, map[string]any{}, "k", "v")
	}
	const list = "/api/v1/prompts"
	cursor := harness.Decode[struct {
		Next string `json:"next_cursor"`
	}](t, c.Get(t, list+"?limit=1").HasStatus(t, http.StatusOK)).Next
	require.NotEmpty(t, cursor)
	c.Get(t, list+"?limit=2&cursor="+cursor).HasStatus(t, http.StatusOK)

	const bad, unprocessable = http.StatusBadRequest, http.StatusUnprocessableEntity
	get := func(path string, status int, code tenancy.Code) refusedRequest {
		return refusedRequest{name: path, method: http.MethodGet, path: path, status: status,
			code: code}
	}
	requireRefused(t, c, []refusedRequest{
		get(list+"?limit=0", unprocessable, "invalid"),
		get(list+"?limit=1001", unprocessable, "invalid"),
		get(list+"?limit=-1", unprocessable, "invalid"),
		get(list+"?limit=ten", unprocessable, "invalid"),
		get(list+"?limit=", unprocessable, "invalid"),
		get(list+"?limit=1&limit=2", unprocessable, "invalid"),
		get(list+"?page=2", unprocessable, "invalid"),
		get(list+"?q=%00", unprocessable, "invalid"),
		get(list+"?q=%ff", unprocessable, "invalid"),
		get(list+"?q=%zz", unprocessable, "invalid"),
		get(list+"?label=k", unprocessable, "invalid"),
		get(list+"?cursor=x", bad, "invalid_cursor"),
		get(list+"?cursor="+cursor[:len(cursor)-2], bad, "invalid_cursor"),
		get(list+"?label=k=v&cursor="+cursor, bad, "invalid_cursor"),
		get(list+"?q=a&cursor="+cursor, bad, "invalid_cursor"),
		get("/api/v1/agents?cursor="+cursor, bad, "invalid_cursor"),
		get("/api/v1/discovery?cursor="+cursor, bad, "invalid_cursor"),
	})
	other.Get(t, list+"?cursor="+cursor).IsProblem(t, bad, "invalid_cursor")
}

// makeBundle returns a bundle of these items.
func makeBundle(t *testing.T, items ...federation.Item) []byte {
	t.Helper()
	var joined bytes.Buffer
	digests := federation.NewDigester()
	for i, item := range items {
		if item.Version == 0 {
			item.Version = 1
		}
		sealed, err := item.Seal()
		require.NoError(t, err)
		if i > 0 {
			joined.WriteByte(',')
		}
		joined.Write(sealed.AppendJSON(nil))
		digests.Add(sealed.Digest)
	}
	var out bytes.Buffer
	m := federation.Manifest{
		Source: federation.Source{Instance: "5f0c4c3e-0000-7000-8000-000000000000",
			Tenant: "elsewhere"}, Count: digests.Count(), Digest: digests.Sum()}
	require.NoError(t, m.Write(&out, &joined))
	return out.Bytes()
}

func item(kind, name, spec string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: kind, Name: name}, Spec: json.RawMessage(spec)}
}

func TestInvalidBundleIsRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source, target := s.TenantNamed(t, "staging"), s.TenantNamed(t, "production")
	createSamples(t, source)
	target.Put(t, "prompt", "mine", map[string]any{"template": "stays"})
	valid := string(source.Export(t))
	path := target.TenantPath() + "/import"
	post := func(name string, body any, status int, code tenancy.Code) refusedRequest {
		return refusedRequest{name: name, method: http.MethodPost, path: path, body: body,
			status: status,
			code:   code}
	}
	changed := func(from, to string) string {
		require.Equal(t, 1, strings.Count(valid, from), "%s", from)
		return strings.Replace(valid, from, to, 1)
	}
	const bad, unprocessable = http.StatusBadRequest, http.StatusUnprocessableEntity
	requests := []refusedRequest{
		post("empty body", "", bad, "invalid_json"),
		post("array", "[]", unprocessable, "invalid"),
		post("empty object", "{}", unprocessable, "invalid"),
		post("changed byte in a spec", changed("Be kind.", "Be kinD."), unprocessable,
			"digest_mismatch"),
		post("changed byte in a name", changed(`"name":"itself"`, `"name":"itselF"`),
			unprocessable, "digest_mismatch"),
		post("changed byte in a label", changed(`"tier":"gold"`, `"tier":"bold"`),
			unprocessable, "digest_mismatch"),
		post("missing item", changed(`"count":20`, `"count":21`), unprocessable, "digest_mismatch"),
		post("newer format", changed(`"format_version":`, `"format_version":9`), unprocessable,
			"unsupported_version"),
		post("unknown format", changed("bailiwick.bundle", "bailiwick.bungle"), unprocessable,
			"invalid"),
		post("unknown member", changed(`"count":20`, `"count":20,"cuont":20`), unprocessable,
			"unknown_field"),
		post("trailing data", valid+"{}", bad, "invalid_json"),
		post("dangling reference", makeBundle(t, item("agent", "x", `{"extends":"unknown"}`)),
			unprocessable, "dangling_reference"),
		post("dangling reference among valid items",
			makeBundle(t, item("agent", "x", `{}`), item("prompt", "p", `{}`),
				item("trigger", "t", `{"agent":"y","type":"event"}`)), unprocessable,
			"dangling_reference"),
		post("unknown kind", makeBundle(t, item("thing", "x", `{}`)), unprocessable,
			"invalid"),
		post("item that is invalid for its kind",
			makeBundle(t, item("trust_rule", "x", `{"effect":"maybe"}`)), unprocessable, "invalid"),
		post("secret in clear text",
			makeBundle(t, item("model_config", "x", `{"provider":"p","model":"m","api_key":"sk"}`)),
			unprocessable, "invalid"),
		post("repeated name", makeBundle(t, item("agent", "x", `{}`), item("agent", "x", `{}`)),
			unprocessable, "invalid"),
		post("names that differ in case only",
			makeBundle(t, item("agent", "X", `{}`), item("agent", "x", `{}`)), http.StatusConflict,
			"already_exists"),
		post("items in the wrong order",
			makeBundle(t, item("prompt", "x", `{}`), item("agent", "x", `{}`)), unprocessable,
			"invalid"),
		{name: "unknown strategy", method: http.MethodPost, path: path + "?strategy=force",
			body: valid, status: unprocessable, code: "invalid"},
		{name: "invalid dry_run", method: http.MethodPost, path: path + "?dry_run=perhaps",
			body: valid, status: unprocessable, code: "invalid"},
		{name: "wrong content type", method: http.MethodPost, path: path, body: valid,
			header: []string{"Content-Type", "application/x-tar"},
			status: http.StatusUnsupportedMediaType, code: "unsupported_media_type"},
	}
	for _, size := range []int{1, len(valid) / 4, len(valid) / 2, len(valid) - 1} {
		requests = append(requests,
			post(fmt.Sprintf("only the first %d bytes", size), valid[:size], bad, "invalid_json"))
	}
	requireRefused(t, target, requests)
	for _, r := range requests { // a dry run gives the same refusal
		if !strings.Contains(r.path, "?") {
			target.Send(t, r.method, r.path+"?dry_run=true&strategy=overwrite", r.body,
				r.header...).IsProblem(t, r.status, r.code)
		}
	}
}

func TestImportRefusesNameThatDiffersInCaseOnly(t *testing.T) {
	t.Parallel()
	c := serve(t).Tenant(t)
	c.Put(t, "agent", "Base", map[string]any{})
	for _, strategy := range promote.Strategies() {
		requireRefused(t, c, []refusedRequest{{
			name: string(strategy), method: http.MethodPost,
			path:   c.TenantPath() + "/import?strategy=" + string(strategy),
			body:   makeBundle(t, item("agent", "base", `{}`), item("prompt", "p", `{}`)),
			status: http.StatusConflict, code: "already_exists",
		}})
	}
}

// A change of any byte that the digests cover is detected.
func TestEveryChangedByteOfBundleIsDetected(t *testing.T) {
	t.Parallel()
	c := serve(t).Tenant(t)
	valid := makeBundle(t, item("prompt", "p", `{"template":"Hello"}`))
	begin, end := bytes.Index(valid, []byte(`"items":[`))+len(`"items":[`),
		bytes.Index(valid, []byte(`,"updated_at"`))
	for i := begin; i < end; i++ {
		changed := bytes.Clone(valid)
		changed[i] ^= 1
		got := c.ImportBundle(t, changed, "")
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity},
			got.Status, "byte %d: %s: %s", i, changed, got.Body)
	}
	require.Empty(t, c.Names(t, "/api/v1/prompts", url.Values{}))
	c.ImportBundle(t, valid, "").HasStatus(t, http.StatusOK)
}
