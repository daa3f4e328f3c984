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
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestProblemsLookAsTheyDid compares whole problem bodies with golden files:
// clients show their texts and read their members.
func TestProblemsLookAsTheyDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, "/api/v1/prompts/shared", aPrompt)
	w.put(t, "/api/v1/agents/a", `{"spec":{"prompts":["shared"]}}`)
	bundle := w.export(t, "acme", "").body
	w.put(t, "/api/v1/prompts/shared", `{"spec":{"template":"other"}}`)
	put := func(path, body string, header ...string) ask {
		a := ask{as: "acme-editor", method: "PUT", path: "/api/v1/" + path, body: body,
			header: map[string]string{}}
		for i := 0; i < len(header); i += 2 {
			a.header[header[i]] = header[i+1]
		}
		return a
	}
	w.tokens["expired"] = "bwk_nonsense"
	cases := map[string]ask{
		"unauthenticated":        {path: "/api/v1/me"},
		"tenant_required":        {as: "root", path: "/api/v1/agents"},
		"tenant_mismatch":        {as: "acme-viewer", tenant: "beta", path: "/api/v1/agents"},
		"tenant_not_found":       {as: "root", tenant: "unknown", path: "/api/v1/agents"},
		"forbidden":              {as: "acme-viewer", method: "DELETE", path: "/api/v1/agents/a"},
		"not_found":              {as: "acme-viewer", path: "/api/v1/agents/none"},
		"no_such_path":           {as: "acme-viewer", path: "/api/v1/none"},
		"method_not_allowed":     {as: "acme-viewer", method: "PATCH", path: "/api/v1/agents"},
		"unsupported_media_type": put("agents/x", `{}`, "Content-Type", "text/plain"),
		"unknown_field":          put("agents/x", `{"spec":{},"extra":1}`),
		"invalid_json":           put("agents/x", `{"spec":{"a":1,"a":2}}`),
		"inexact_number":         put("agents/x", `{"spec":{"n":12345678901234567890}}`),
		"invalid": put("trust-rules/x",
			`{"spec":{"effect":"maybe","priority":-1}}`),
		"invalid_parameter": {as: "acme-viewer", path: "/api/v1/agents?limit=0"},
		"invalid_cursor":    {as: "acme-viewer", path: "/api/v1/agents?cursor=x"},
		"dangling_reference": put("agents/x",
			`{"spec":{"prompts":["no"],"extends":"nobody"}}`),
		"referenced": {as: "acme-editor", method: "DELETE",
			path: "/api/v1/prompts/shared"},
		"not_deletable": {as: "acme-editor", method: "DELETE",
			path: "/api/v1/defaults/default"},
		"version_mismatch": put("agents/a", `{"spec":{}}`, "If-Match", `W/"1"`),
		"already_exists":   put("agents/a", `{"spec":{}}`, "If-None-Match", "*"),
		"too_large":        put("agents/x", strings.Repeat(" ", 2<<20)),
		"invalid_slug": {as: "root", method: "POST", path: "/api/v1/tenants",
			body: `{"slug":"A","name":"n"}`},
		"slug_reserved": {as: "root", method: "POST", path: "/api/v1/tenants",
			body: `{"slug":"www","name":"n"}`},
		"slug_taken": {as: "root", method: "POST", path: "/api/v1/tenants",
			body: `{"slug":"acme","name":"n"}`},
		"invalid_state": {as: "root", method: "DELETE", path: "/api/v1/tenants/default"},
		"import_conflict": {as: "acme-admin", method: "POST",
			path: "/api/v1/tenants/acme/import", body: string(bundle)},
		"digest_mismatch": {as: "acme-admin", method: "POST",
			path: "/api/v1/tenants/acme/import",
			body: strings.Replace(string(bundle), "Hello", "Hallo", 1)},
		"unsupported_version": {as: "acme-admin", method: "POST",
			path: "/api/v1/tenants/acme/import",
			body: strings.Replace(string(bundle), `_version":1`, `_version":9`, 1)},
		"unauthenticated_bad_key": {as: "expired", path: "/api/v1/me"},
	}
	for name, a := range cases {
		t.Run(name, func(t *testing.T) {
			if a.header == nil {
				a.header = map[string]string{}
			}
			a.header["X-Request-ID"] = "golden"
			g := w.do(t, a)
			require.GreaterOrEqual(t, g.status, 400)
			var seen bytes.Buffer
			require.NoError(t, json.Indent(&seen, g.body, "", "  "))
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
	require.NoError(t, err, "make it with: go test ./internal/httpapitest -update")
	assert.Equal(t, string(bytes.TrimSpace(want)), string(seen))
}
