package httpapitest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// putOneOfEachKind creates resources of each kind in acme, with references.
func putOneOfEachKind(t *testing.T, reg *apitest.Registry) {
	t.Helper()
	reg.Put(t, "/api/v1/prompts/hello",
		`{"labels":{"team":"a"},"spec":{"template":"Hello <&> \u2028 é"}}`)
	reg.Put(t, "/api/v1/model-configs/gpt", `{"spec":{"provider":"p","api_key":"sk-secret"}}`)
	reg.Put(t, "/api/v1/agents/base", `{"spec":{"model_config":"gpt"}}`)
	reg.Put(t, "/api/v1/agents/io.github%2Fx",
		`{"labels":{"team":"a"},`+
			`"spec":{"extends":"base","prompts":["hello"],"own":{"z":1,"a":1e3}}}`)
	reg.Put(t, "/api/v1/mcp-servers/weather", `{"spec":{"packages":[{"name":"w"}]}}`)
	reg.Put(t, "/api/v1/trust-rules/r",
		`{"spec":{"effect":"deny","subject":{"kind":"mcp_server","name":"weather"}}}`)
	reg.Put(t, "/api/v1/defaults/default", `{"spec":{"model_config":"gpt"}}`)
}

func exportBundle(t *testing.T, reg *apitest.Registry, tenant, query string) apitest.Response {
	t.Helper()
	return reg.Do(t, apitest.Get(tenant+"-viewer", "/api/v1/tenants/"+tenant+"/export"+
		query)).Want(t, http.StatusOK)
}

func importBundle(
	t *testing.T, reg *apitest.Registry, tenant, query string, bundle []byte,
) apitest.Response {
	t.Helper()
	return reg.Do(t, apitest.Request{
		As: tenant + "-admin", Method: "POST", Path: "/api/v1/tenants/" + tenant + "/import" +
			query, Body: string(bundle),
		Header: map[string]string{"Content-Type": federation.BundleMediaType},
	})
}

type exportedBundle struct {
	Items  []json.RawMessage
	Count  int
	Digest string
}

type importReport struct {
	ImportID string `json:"import_id"`
	DryRun   bool   `json:"dry_run"`
	Counts   map[string]int
	Items    []struct {
		Kind, Name, Action string
		RenamedTo          string `json:"renamed_to"`
		Changes            []struct{ Path string }
	}
	SecretsRequired []federation.SecretUse `json:"secrets_required"`
}

func TestExportIsDeterministicAndSurvivesImport(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putOneOfEachKind(t, reg)
	first, second := exportBundle(t, reg, "acme", ""), exportBundle(t, reg, "acme", "")
	assert.Equal(t, string(first.Body), string(second.Body))
	assert.Equal(t, federation.BundleMediaType, first.Header.Get("Content-Type"))
	assert.Equal(t, strconv.Itoa(len(first.Body)), first.Header.Get("Content-Length"))
	assert.Equal(t, `attachment; filename="acme.bundle.json"`,
		first.Header.Get("Content-Disposition"))
	canonical, err := federation.Canonical(first.Body)
	require.NoError(t, err)
	assert.Equal(t, string(canonical), string(first.Body), "the bundle is canonical JSON")

	report := apitest.Decode[importReport](t, importBundle(t, reg, "beta", "", first.Body).
		Want(t, 200))
	assert.Equal(t, 6, report.Counts["create"])
	assert.Equal(t, 1, report.Counts["update"], "the unchanged defaults")
	assert.Equal(t, []federation.SecretUse{
		{Kind: "model_config", Name: "gpt", Path: "/spec/api_key",
			Secret: "model_config/gpt/api_key"}}, report.SecretsRequired)

	sent, arrived := apitest.Decode[exportedBundle](t, first),
		apitest.Decode[exportedBundle](t, exportBundle(t, reg, "beta", ""))
	assert.Equal(t, sent.Items, arrived.Items)
	assert.Equal(t, sent.Digest, arrived.Digest)
	assert.Equal(t, 7, arrived.Count)
}

func TestExportIsFilteredByKindAndLabel(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putOneOfEachKind(t, reg)
	for query, count := range map[string]int{
		"": 7, "?kind=agent": 2, "?kind=agent&kind=prompt": 3, "?label=team=a": 2,
		"?kind=agent&label=team=a": 1, "?label=team=b": 0,
	} {
		assert.Equal(t, count, apitest.Decode[exportedBundle](t,
			exportBundle(t, reg, "acme", query)).Count, query)
	}
	for _, query := range []string{"?kind=nothing", "?kind=", "?kinds=agent", "?label=team"} {
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/export"+query)).
			WantProblem(t, 422, tenancy.CodeInvalid)
	}
}

func TestImportFollowsItsStrategy(t *testing.T) {
	t.Parallel()
	for strategy, want := range map[string]struct {
		counts   map[string]int
		template string
	}{
		"skip":      {map[string]int{"skip": 1, "unchanged": 6}, "mine"},
		"overwrite": {map[string]int{"update": 1, "unchanged": 6}, "Hello <&> \u2028 é"},
		// The agent with a reference to the renamed prompt is renamed too.
		"rename": {map[string]int{"rename": 2}, "mine"},
	} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			reg := apitest.New(t)
			putOneOfEachKind(t, reg)
			bundle := exportBundle(t, reg, "acme", "").Body
			reg.Put(t, "/api/v1/prompts/hello", `{"spec":{"template":"mine"}}`)
			before := exportBundle(t, reg, "acme", "").Body

			dry := apitest.Decode[importReport](t,
				importBundle(t, reg, "acme", "?dry_run=true&strategy="+strategy, bundle).
					Want(t, 200))
			assert.True(t, dry.DryRun)
			assert.Equal(t, string(before), string(exportBundle(t, reg, "acme", "").Body),
				"a dry run writes nothing")

			done := apitest.Decode[importReport](t,
				importBundle(t, reg, "acme", "?strategy="+strategy, bundle).
					Want(t, 200))
			assert.Equal(t, dry.Counts, done.Counts, "a dry run reports what is done")
			for action, n := range want.counts {
				assert.Equal(t, n, done.Counts[action], action)
			}
			res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/hello"))
			assert.Equal(t, want.template,
				apitest.Decode[struct{ Spec struct{ Template string } }](t, res).
					Spec.Template)
		})
	}
}

func TestImportConflictIsReportedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putOneOfEachKind(t, reg)
	bundle := exportBundle(t, reg, "acme", "").Body
	reg.Put(t, "/api/v1/prompts/hello", `{"spec":{"template":"mine"}}`)
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/trust-rules/r")).Want(t, 204)
	before := exportBundle(t, reg, "acme", "").Body
	for _, query := range []string{"", "?strategy=fail", "?dry_run=false"} {
		res := importBundle(t, reg, "acme", query, bundle)
		res.WantProblem(t, 409, tenancy.CodeImportConflict)
		report := apitest.Decode[importReport](t, res)
		assert.Equal(t, 1, report.Counts["fail"])
		require.Len(t, report.Items, 1)
		assert.Equal(t, "hello", report.Items[0].Name)
		assert.NotEmpty(t, report.Items[0].Changes)
		assert.Equal(t, string(before), string(exportBundle(t, reg, "acme", "").Body))
	}
	dry := apitest.Decode[importReport](t, importBundle(t, reg, "acme", "?dry_run=true", bundle).
		Want(t, 200))
	assert.Equal(t, 1, dry.Counts["fail"], "a dry run reports the conflict")
}

func TestInvalidBundleIsRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putOneOfEachKind(t, reg)
	good := string(exportBundle(t, reg, "acme", "").Body)
	agents := string(exportBundle(t, reg, "acme", "?kind=agent").Body)
	before := exportBundle(t, reg, "beta", "").Body
	digest := regexp.MustCompile(`sha256:[0-9a-f]`)
	cases := []struct {
		name, bundle string
		status       int
		code         tenancy.Code
	}{
		{"cut off in the middle", good[:len(good)/2], 400, tenancy.CodeInvalidJSON},
		{"cut off before the last byte", good[:len(good)-1], 400, tenancy.CodeInvalidJSON},
		{"with one changed byte", strings.Replace(good, "Hello", "Hallo", 1), 422,
			tenancy.CodeDigestMismatch},
		{"with a changed digest", digest.ReplaceAllString(good, "sha256:0"), 422,
			tenancy.CodeDigestMismatch},
		{"with another count", strings.Replace(good, `"count":7`, `"count":6`, 1), 422,
			tenancy.CodeDigestMismatch},
		{"of a newer format", strings.Replace(good, `"format_version":`, `"format_version":9`, 1),
			422, tenancy.CodeUnsupportedVersion},
		{"with trailing data", good + "{}", 400, tenancy.CodeInvalidJSON},
		{"with an unknown member", `{"extra":1,` + good[1:], 422, tenancy.CodeUnknownField},
		{"with a dangling reference", agents, 422, tenancy.CodeDanglingReference},
		{"another object", `{"spec":{}}`, 422, tenancy.CodeUnknownField},
		{"an empty body", ` `, 400, tenancy.CodeInvalidJSON},
	}
	for _, c := range cases {
		for _, query := range []string{"", "?dry_run=true", "?strategy=overwrite"} {
			t.Run(c.name+query, func(t *testing.T) {
				importBundle(t, reg, "beta", query, []byte(c.bundle)).
					WantProblem(t, c.status, c.code)
				assert.Equal(t, string(before), string(exportBundle(t, reg, "beta", "").Body))
			})
		}
	}
}

func TestImportParametersAreParsedStrictly(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	bundle := exportBundle(t, reg, "acme", "").Body
	for _, query := range []string{"?strategy=replace", "?strategy=", "?strategy=skip&strategy=fail",
		"?dry_run=1", "?dry_run=", "?dryrun=true", "?prune=1", "?prune=true&label=x",
		"?prune=true&confirm=yes", "?kind=agent", "?name=x", "?prune=false&label=a%3Db"} {
		res := importBundle(t, reg, "acme", query, bundle)
		if query == "?strategy=" {
			res.Want(t, 200)
			continue
		}
		res.WantProblem(t, 422, tenancy.CodeInvalid)
	}
	req := apitest.Post("acme-admin", "/api/v1/tenants/acme/import", string(bundle))
	reg.Do(t, req).Want(t, 200)
	req.Header = map[string]string{"Content-Type": "text/plain"}
	reg.Do(t, req).WantProblem(t, 415, httpapi.CodeUnsupportedMediaType)
	req.As, req.Header = "acme-editor", nil
	reg.Do(t, req).WantProblem(t, 403, tenancy.CodeForbidden)
}

func TestBundleAboveTheLimitIsTooLarge(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) { o.BundleLimit = 1000 })
	putOneOfEachKind(t, reg)
	bundle := exportBundle(t, reg, "acme", "").Body
	require.Greater(t, len(bundle), 1000)
	importBundle(t, reg, "beta", "", bundle).WantProblem(t, 413, tenancy.CodeTooLarge)

	req := reg.NewRequest(t.Context(), t,
		apitest.Post("beta-admin", "/api/v1/tenants/beta/import", ""))
	// A chunked body: the request has no Content-Length.
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(bundle)), -1
	res, err := reg.Client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, 413, res.StatusCode)
}

func TestBodyShorterThanItsContentLengthIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	conn, err := net.Dial("tcp", reg.Server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn,
		"PUT /api/v1/prompts/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nContent-Length:"+
			" %d\r\n\r\n%s",
		reg.Tokens["acme-editor"], len(apitest.PromptBody)+10, apitest.PromptBody)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, 400, res.StatusCode)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/x")).
		WantProblem(t, 404, tenancy.CodeNotFound)
}

func TestContentLengthAboveTheLimitIsRefusedUnread(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	conn, err := net.Dial("tcp", reg.Server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn,
		"PUT /api/v1/prompts/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nContent-Length:"+
			" 99999999999\r\n\r\n{", reg.Tokens["acme-editor"])
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, 413, res.StatusCode)
}

func TestClientThatSendsItsWholeBodyFirstGetsTooLarge(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	conn, err := net.Dial("tcp", reg.Server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	const size = 6 << 20 // more than the socket buffers hold
	_, err = fmt.Fprintf(conn,
		"PUT /api/v1/prompts/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nContent-Length:"+
			" %d\r\n\r\n", reg.Tokens["acme-editor"], size)
	require.NoError(t, err)
	for range size >> 20 {
		_, err = conn.Write(make([]byte, 1<<20))
		require.NoError(t, err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, 413, res.StatusCode)
}

func TestSecretCanBeSetByAdminsOnly(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	putOneOfEachKind(t, reg)
	bundle := exportBundle(t, reg, "acme", "").Body
	put := func(as, name, body string) apitest.Response {
		return reg.Do(t, apitest.Put(as, "/api/v1/tenants/beta/secrets/"+name, body))
	}
	const name = "model_config%2Fgpt%2Fapi_key"
	put("beta-admin", name, `{"value":"sk-beta"}`).Want(t, 204)
	value, err := reg.Services.Vault.Get(t.Context(), reg.Tenants["beta"].ID,
		"model_config/gpt/api_key")
	require.NoError(t, err)
	assert.Equal(t, "sk-beta", string(value))
	assert.Empty(t, apitest.Decode[importReport](t, importBundle(t, reg, "beta", "", bundle).
		Want(t, 200)).
		SecretsRequired)

	put("beta-editor", name, `{"value":"x"}`).WantProblem(t, 403, tenancy.CodeForbidden)
	put("acme-admin", name, `{"value":"x"}`).WantProblem(t, 400, tenancy.CodeTenantMismatch)
	put("beta-admin", "%00", `{"value":"x"}`).WantProblem(t, 422, tenancy.CodeInvalid)
	for body, code := range map[string]tenancy.Code{
		`{}`: tenancy.CodeInvalid, `{"value":""}`: tenancy.CodeInvalid,
		`{"value":null}`: tenancy.CodeInvalid, `{"value":7}`: tenancy.CodeInvalid,
		`{"value":"x","name":"y"}`: tenancy.CodeUnknownField,
	} {
		put("beta-admin", name, body).WantProblem(t, 422, code)
	}
}

func TestImportWithLiteralSecretIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	item, err := federation.Item{
		Ref:  federation.Ref{Kind: "model_config", Name: "leaky"},
		Spec: json.RawMessage(`{"api_key":"sk-literal"}`), Version: 1,
	}.Seal()
	require.NoError(t, err)
	digester := federation.NewDigester()
	digester.Add(item.Digest)
	var bundle bytes.Buffer
	manifest := federation.Manifest{
		Source: federation.Source{Instance: tenancy.NewID().String(), Tenant: "x"}, Count: 1,
		Digest: digester.Sum()}
	require.NoError(t, manifest.Write(&bundle, bytes.NewReader(item.AppendJSON(nil))))
	res := importBundle(t, reg, "acme", "", bundle.Bytes())
	res.WantProblem(t, 422, tenancy.CodeInvalid)
	assert.NotContains(t, string(res.Body), "sk-literal")
}
