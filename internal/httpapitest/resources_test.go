package httpapitest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestResourceIsCreatedReplacedReadAndDeleted(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)

	created := reg.Put(t, "/api/v1/prompts/greeting",
		`{"labels":{"team":"a"},"spec":{"template":"Hi","own":[1,{"b":2,"a":1}]}}`)
	assert.Equal(t, http.StatusCreated, created.Status)
	assert.Equal(t, "/api/v1/prompts/greeting", created.Header.Get("Location"))
	assert.Regexp(t, `^"[\w-]+"$`, created.Header.Get("ETag"))
	type resource struct {
		ID, Kind, Name string
		Labels         map[string]string
		Spec           map[string]any
		Version        int64
		CreatedAt      string `json:"created_at"`
		UpdatedAt      string `json:"updated_at"`
	}
	r := apitest.Decode[resource](t, created)
	assert.Equal(t, "prompt", r.Kind)
	assert.Equal(t, map[string]string{"team": "a"}, r.Labels)
	assert.Equal(t, map[string]any{
		"template": "Hi", "own": []any{1.0, map[string]any{"a": 1.0, "b": 2.0}}}, r.Spec)
	assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`, r.CreatedAt)

	replaced := reg.Put(t, "/api/v1/prompts/greeting", apitest.PromptBody)
	assert.Equal(t, http.StatusOK, replaced.Status)
	assert.Empty(t, replaced.Header.Get("Location"))
	assert.NotEqual(t, created.Header.Get("ETag"), replaced.Header.Get("ETag"))
	again := apitest.Decode[resource](t, replaced)
	assert.Empty(t, again.Labels, "a PUT without labels removes them")
	assert.Equal(t, r.ID, again.ID)
	assert.Equal(t, r.CreatedAt, again.CreatedAt)

	got := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/greeting")).Want(t, http.StatusOK)
	assert.JSONEq(t, string(replaced.Body), string(got.Body))
	assert.Equal(t, replaced.Header.Get("ETag"), got.Header.Get("ETag"))

	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/greeting")).
		Want(t, http.StatusNoContent)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/greeting")).
		WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/greeting")).
		WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
}

func TestNameIsOnePercentEncodedSegment(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, name := range []string{
		"io.github.acme/weather", "a//b", "a/../b", "/", "..", ".", "...", "@scope/pkg", "größe",
		"日本", "100%", "a+b", "a b", "a%2Fb",
		"?q=1", "#x", ";", "a;b=c", "~", "\\", "'\"<>", "{name}", "\u00e9", "🤖",
		strings.Repeat("x", 256), strings.Repeat("語", 256),
	} {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			path := "/api/v1/prompts/" + segment(name)
			created := reg.Put(t, path, apitest.PromptBody)
			require.Equal(t, http.StatusCreated, created.Status)
			assert.Equal(t, name, apitest.Decode[struct{ Name string }](t, created).Name)

			location := created.Header.Get("Location")
			found := reg.Do(t, apitest.Get("acme-viewer", location)).Want(t, http.StatusOK)
			assert.Equal(t, name, apitest.Decode[struct{ Name string }](t, found).Name,
				"the Location leads to the resource")
			reg.Do(t, apitest.Delete("acme-editor", location)).Want(t, http.StatusNoContent)
		})
	}
}

// segment encodes a name as one path segment, so that no client or proxy resolves "."
// or "..".
func segment(name string) string {
	if strings.Trim(name, ".") == "" {
		return strings.ReplaceAll(name, ".", "%2e")
	}
	return url.PathEscape(name)
}

func TestInvalidNameIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, escaped := range []string{
		"%00", "a%00b", "%0a", "%7f", "%c2%85", "%20a", "a%20", "%e3%80%80a", "%ff", "%c3%28",
		"%ed%a0%80", strings.Repeat("x", 257),
	} {
		t.Run(fmt.Sprintf("%.20s", escaped), func(t *testing.T) {
			t.Parallel()
			path := "/api/v1/prompts/" + escaped
			reg.Do(t, apitest.Put("acme-editor", path, apitest.PromptBody)).
				WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
			reg.Do(t, apitest.Get("acme-viewer", path)).
				WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
			reg.Do(t, apitest.Delete("acme-editor", path)).
				WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
		})
	}
}

func TestUncleanPathIsNotFoundAndNotRedirected(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/a", apitest.PromptBody)
	for _, path := range []string{
		"/api/v1/prompts//a", "/api/v1//prompts", "//api/v1/prompts", "/api/v1/prompts/",
		"/api/v1/prompts/a/", "/api/v1/prompts/../prompts/a",
		"/api/v1/prompts/.", "/api/v1/agents/..", "/api/v1/prompts/a/b", "/api/v1", "/",
		"/api/v1/unknown", "/api/v1/%70rompts",
	} {
		res := reg.Do(t, apitest.Get("acme-viewer", path))
		res.WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
		assert.Empty(t, res.Header.Get("Location"), path)
	}
}

func TestInvalidResourceIsRefusedAndNotWritten(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	spec := func(s string) string { return `{"spec":` + s + `}` }
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	cases := []struct {
		name, path, body string
		status           int
		code             tenancy.Code
		at               string // errors[0].path; "" isn't checked
	}{
		{"an unknown field at the top", "prompts/x", `{"spec":{"template":"t"},"spce":{}}`, 422,
			tenancy.CodeUnknownField, "/spce"},
		{"a read-only field", "prompts/x", `{"spec":{"template":"t"},"version":3}`, 422,
			tenancy.CodeUnknownField, "/version"},
		{"a field in another case", "prompts/x", `{"Spec":{"template":"t"}}`, 422,
			tenancy.CodeUnknownField, "/Spec"},
		{"a duplicate key at the top", "prompts/x",
			`{"spec":{"template":"t"},"spec":{"template":"u"}}`, 400, tenancy.CodeInvalidJSON,
			"/spec"},
		{"a duplicate key below", "prompts/x", spec(`{"template":"t","x":{"a":1,"a":2}}`), 400,
			tenancy.CodeInvalidJSON, "/spec/x/a"},
		{"a duplicate key by escape", "prompts/x", spec(`{"template":"t","\u0074emplate":"u"}`),
			400, tenancy.CodeInvalidJSON, ""},
		{"trailing data", "prompts/x", apitest.PromptBody + `{}`, 400, tenancy.CodeInvalidJSON, ""},
		{"a trailing comma", "prompts/x", `{"spec":{"template":"t"},}`, 400,
			tenancy.CodeInvalidJSON, ""},
		{"a comment", "prompts/x", `{/**/"spec":{"template":"t"}}`, 400, tenancy.CodeInvalidJSON,
			""},
		{"NaN", "prompts/x", spec(`{"template":"t","x":NaN}`), 400, tenancy.CodeInvalidJSON, ""},
		{"a cut-off body", "prompts/x", `{"spec":{"template":"t`, 400, tenancy.CodeInvalidJSON, ""},
		{"an escaped NUL", "prompts/x", spec(`{"template":"a\u0000b"}`), 400,
			tenancy.CodeInvalidJSON, "/spec/template"},
		{"a raw NUL", "prompts/x", spec("{\"template\":\"a\x00b\"}"), 400, tenancy.CodeInvalidJSON,
			""},
		{"invalid UTF-8", "prompts/x", spec("{\"template\":\"\xff\"}"), 400,
			tenancy.CodeInvalidJSON, ""},
		{"a lone surrogate", "prompts/x", spec(`{"template":"\ud800"}`), 400,
			tenancy.CodeInvalidJSON, ""},
		{"a byte order mark", "prompts/x", "\ufeff" + apitest.PromptBody, 400,
			tenancy.CodeInvalidJSON, ""},
		{"too deep", "prompts/x", spec(`{"template":"t","x":` + deep + `}`), 400,
			tenancy.CodeInvalidJSON, ""},
		{"an inexact number", "prompts/x", spec(`{"template":"t","n":12345678901234567890}`), 422,
			tenancy.CodeInexactNumber, "/spec/n"},
		{"a number beyond doubles", "prompts/x", spec(`{"template":"t","n":1e999}`), 422,
			tenancy.CodeInexactNumber, "/spec/n"},
		{"no body object", "prompts/x", `[]`, 422, tenancy.CodeInvalid, ""},
		{"null", "prompts/x", `null`, 422, tenancy.CodeInvalid, ""},
		{"no spec", "prompts/x", `{}`, 422, tenancy.CodeInvalid, "/spec"},
		{"a null spec", "prompts/x", spec(`null`), 422, tenancy.CodeInvalid, ""},
		{"a spec that is a list", "prompts/x", spec(`[]`), 422, tenancy.CodeInvalid, "/spec"},
		{"a label that is a number", "prompts/x", `{"labels":{"a":1},"spec":{"template":"t"}}`, 422,
			tenancy.CodeInvalid, "/labels/a"},
		{"a label that is null", "prompts/x", `{"labels":{"a":null},"spec":{"template":"t"}}`, 422,
			tenancy.CodeInvalid, "/labels/a"},
		{"labels that are a list", "prompts/x", `{"labels":[],"spec":{"template":"t"}}`, 422,
			tenancy.CodeInvalid, "/labels"},
		{"a label without key", "prompts/x", `{"labels":{"":"x"},"spec":{"template":"t"}}`, 422,
			tenancy.CodeInvalid, "/labels/"},
		{"a missing required field", "prompts/x", spec(`{}`), 422, tenancy.CodeInvalid,
			"/spec/template"},
		{"a wrong type", "prompts/x", spec(`{"template":7}`), 422, tenancy.CodeInvalid,
			"/spec/template"},
		{"a value outside the enum", "trust-rules/x", spec(`{"effect":"perhaps"}`), 422,
			tenancy.CodeInvalid, "/spec/effect"},
		{"a value above the maximum", "trust-rules/x", spec(`{"effect":"allow","priority":1001}`),
			422, tenancy.CodeInvalid, "/spec/priority"},
		{"a dangling reference", "agents/x", spec(`{"prompts":["nothing"]}`), 422,
			tenancy.CodeDanglingReference, "/spec/prompts/0"},
		{"a dangling reference of two kinds", "trust-rules/x",
			spec(`{"effect":"deny","subject":{"kind":"agent","name":"missing"}}`), 422,
			tenancy.CodeDanglingReference, "/spec/subject"},
		{"another name for a singleton", "defaults/other", spec(`{}`), 422, tenancy.CodeInvalid,
			"/name"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := reg.Do(t, apitest.Put("acme-editor", "/api/v1/"+c.path, c.body)).
				WantProblem(t, c.status, c.code)
			if c.at != "" {
				require.NotEmpty(t, p.Errors)
				assert.Equal(t, c.at, p.Errors[0].Path)
			}
			reg.Do(t, apitest.Get("acme-viewer", "/api/v1/"+c.path)).
				WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
		})
	}
}

func TestBodyOfTwoMebibytesIsTooLarge(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	big := `{"spec":{"template":"` + strings.Repeat("x", 2<<20) + `"}}`
	reg.Do(t, apitest.Put("acme-editor", "/api/v1/prompts/big", big)).
		WantProblem(t, http.StatusRequestEntityTooLarge, tenancy.CodeTooLarge)

	for name, body := range map[string]string{
		"no JSON at all":       strings.Repeat("\x00", 2<<20),
		"an unknown field too": `{"x":1,"spec":"` + strings.Repeat("x", 2<<20) + `"}`,
	} {
		reg.Do(t, apitest.Put("acme-editor", "/api/v1/prompts/big", body)).
			WantProblem(t, http.StatusRequestEntityTooLarge, tenancy.CodeTooLarge)
		t.Log("the size comes before", name)
	}
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/big")).
		WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)

	fits := `{"spec":{"template":"` + strings.Repeat("x", 1<<20-len(`{"spec":{"template":""}}`)) +
		`"}}`
	require.Len(t, fits, 1<<20)
	reg.Put(t, "/api/v1/prompts/big", fits)
}

func TestReferencedAndSingletonResourcesCannotBeDeleted(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/shared", apitest.PromptBody)
	reg.Put(t, "/api/v1/agents/b", `{"spec":{"prompts":["shared"]}}`)
	reg.Put(t, "/api/v1/agents/a", `{"spec":{"prompts":["shared"],"extends":"b"}}`)

	res := reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/shared"))
	res.WantProblem(t, http.StatusConflict, tenancy.CodeReferenced)
	type ref struct{ Kind, Name string }
	assert.Equal(t, []ref{{"agent", "a"}, {"agent", "b"}},
		apitest.Decode[struct{ Referrers []ref }](t, res).Referrers)

	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/defaults/default")).
		WantProblem(t, http.StatusConflict, tenancy.CodeNotDeletable)
}

func TestSecretValueIsNeverReturned(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	created := reg.Put(t, "/api/v1/model-configs/gpt",
		`{"spec":{"provider":"p","api_key":"sk-very-secret"}}`)
	listed := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/model-configs")).Want(t, http.StatusOK)
	bundle := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/export")).
		Want(t, http.StatusOK)
	for _, res := range []apitest.Response{created, listed, bundle} {
		assert.NotContains(t, string(res.Body), "sk-very-secret")
		assert.Contains(t, string(res.Body), `{"$secret":"model_config/gpt/api_key"}`)
	}
	assert.NotContains(t, reg.Log.String(), "sk-very-secret")
}
