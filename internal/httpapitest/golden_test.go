package httpapitest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestProblemsMatchGoldenFiles compares whole problem bodies with golden files, because
// clients show their texts and read their members.
func TestProblemsMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/shared", apitest.PromptBody)
	reg.Put(t, "/api/v1/agents/a", `{"spec":{"prompts":["shared"]}}`)
	bundle := exportBundle(t, reg, "acme", "").Body
	reg.Put(t, "/api/v1/prompts/shared", `{"spec":{"template":"other"}}`)
	put := func(path, body string, header ...string) apitest.Request {
		req := apitest.Request{As: "acme-editor", Method: "PUT", Path: "/api/v1/" + path,
			Body:   body,
			Header: map[string]string{}}
		for i := 0; i < len(header); i += 2 {
			req.Header[header[i]] = header[i+1]
		}
		return req
	}
	reg.Tokens["expired"] = "bwk_nonsense"
	cases := map[string]apitest.Request{
		"unauthenticated":        {Path: "/api/v1/me"},
		"tenant_required":        {As: "root", Path: "/api/v1/agents"},
		"tenant_mismatch":        {As: "acme-viewer", Tenant: "beta", Path: "/api/v1/agents"},
		"tenant_not_found":       {As: "root", Tenant: "unknown", Path: "/api/v1/agents"},
		"forbidden":              {As: "acme-viewer", Method: "DELETE", Path: "/api/v1/agents/a"},
		"not_found":              {As: "acme-viewer", Path: "/api/v1/agents/none"},
		"no_such_path":           {As: "acme-viewer", Path: "/api/v1/none"},
		"method_not_allowed":     {As: "acme-viewer", Method: "PATCH", Path: "/api/v1/agents"},
		"unsupported_media_type": put("agents/x", `{}`, "Content-Type", "text/plain"),
		"encoded":                put("agents/x", `{}`, "Content-Encoding", "gzip"),
		"unknown_field":          put("agents/x", `{"spec":{},"extra":1}`),
		"invalid_json":           put("agents/x", `{"spec":{"a":1,"a":2}}`),
		"inexact_number":         put("agents/x", `{"spec":{"n":12345678901234567890}}`),
		"invalid": put("trust-rules/x",
			`{"spec":{"effect":"maybe","priority":-1}}`),
		"invalid_parameter": {As: "acme-viewer", Path: "/api/v1/agents?limit=0"},
		"invalid_cursor":    {As: "acme-viewer", Path: "/api/v1/agents?cursor=x"},
		"dangling_reference": put("agents/x",
			`{"spec":{"prompts":["no"],"extends":"missing"}}`),
		"cyclic_reference": put("agents/x", `{"spec":{"extends":"x"}}`),
		"referenced": {As: "acme-editor", Method: "DELETE",
			Path: "/api/v1/prompts/shared"},
		"not_deletable": {As: "acme-editor", Method: "DELETE",
			Path: "/api/v1/defaults/default"},
		"version_mismatch": put("agents/a", `{"spec":{}}`, "If-Match", `W/"1"`),
		"already_exists":   put("agents/a", `{"spec":{}}`, "If-None-Match", "*"),
		"too_large":        put("agents/x", strings.Repeat(" ", 2<<20)),
		"invalid_slug": {As: "root", Method: "POST", Path: "/api/v1/tenants",
			Body: `{"slug":"A","name":"n"}`},
		"slug_reserved": {As: "root", Method: "POST", Path: "/api/v1/tenants",
			Body: `{"slug":"www","name":"n"}`},
		"invisible_name": put("agents/a%E2%80%AEb", `{"spec":{}}`),
		"slug_taken": {As: "root", Method: "POST", Path: "/api/v1/tenants",
			Body: `{"slug":"acme","name":"n"}`},
		"invalid_state": {As: "root", Method: "DELETE", Path: "/api/v1/tenants/default"},
		"import_conflict": {As: "acme-admin", Method: "POST",
			Path: "/api/v1/tenants/acme/import", Body: string(bundle)},
		"digest_mismatch": {As: "acme-admin", Method: "POST",
			Path: "/api/v1/tenants/acme/import",
			Body: strings.Replace(string(bundle), "Hello", "Hallo", 1)},
		"unsupported_version": {As: "acme-admin", Method: "POST",
			Path: "/api/v1/tenants/acme/import",
			Body: strings.Replace(string(bundle), `_version":`, `_version":9`, 1)},
		"unauthenticated_bad_key": {As: "expired", Path: "/api/v1/me"},
	}
	for name, req := range cases {
		t.Run(name, func(t *testing.T) {
			if req.Header == nil {
				req.Header = map[string]string{}
			}
			req.Header["X-Request-ID"] = "golden"
			res := reg.Do(t, req)
			require.GreaterOrEqual(t, res.Status, 400)
			var seen bytes.Buffer
			require.NoError(t, json.Indent(&seen, res.Body, "", "  "))
			compareGolden(t, name, seen.Bytes())
		})
	}
}

func compareGolden(t *testing.T, name string, seen []byte) {
	t.Helper()
	file := filepath.Join("testdata", "problems", name+".json")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, append(seen, '\n'), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "write it with: go test ./internal/httpapitest -update")
	assert.Equal(t, string(bytes.TrimSpace(want)), string(seen))
}
