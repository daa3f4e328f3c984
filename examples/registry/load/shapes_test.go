package load

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestParseRowAcceptsItemsAndRawShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kind, raw, want string }{
		"agent": {
			"agent", `{"name":"a","collection":"c","description":"d","model":"opus","tools":["x"],
				"instructions":"i"}`,
			`{"labels":{"collection":"c"},
				"spec":{"description":"d","instructions":"i","model_config":"opus","tools":["x"]}}`,
		},
		"agent without model": {
			"agent", `{"name":"a","model":"","more":1}`, `{"spec":{"more":1}}`,
		},
		"prompt": {
			"prompt", `{"name":"a","collection":"c","description":"d","arguments":"","template":"t"}`,
			`{"labels":{"collection":"c"},"spec":{"arguments":"","description":"d","template":"t"}}`,
		},
		"server": {
			"mcp_server", `{"id":"1","name":"a/b","repository":{"url":"u"},
				"version_detail":{"version":"1.0","is_latest":true},"packages":[]}`,
			`{"spec":{"packages":[],"repository":{"url":"u"},"seed_id":"1","version":"1.0",
				"version_detail":{"is_latest":true,"version":"1.0"}}}`,
		},
		"server with version": {
			"mcp_server", `{"name":"a","version":"2","version_detail":{"version":"1"}}`,
			`{"spec":{"version":"2","version_detail":{"version":"1"}}}`,
		},
		"item": {
			"agent", `{"name":"a","labels":{"x":"y"},"spec":{"model":"stays"}}`,
			`{"labels":{"x":"y"},"spec":{"model":"stays"}}`,
		},
		"item with kind": {
			"", `{"kind":"trigger","name":"a","spec":{}}`, `{"spec":{}}`,
		},
		"item of a bundle": {
			"prompt", `{"kind":"prompt","name":"a","labels":{},"spec":{},"digest":"d","version":3,
				"updated_at":"u"}`, `{"spec":{}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row, err := parseRow(c.kind, []byte(c.raw))
			require.NoError(t, err)
			got, err := json.Marshal(row.Body)
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(got))
		})
	}
}

func TestParseRowRefusesInvalidRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, raw string
		code      tenancy.Code
	}{
		"missing name":   {"agent", `{"model":"opus"}`, tenancy.CodeInvalid},
		"empty name":     {"mcp_server", `{"name":""}`, tenancy.CodeInvalid},
		"name is number": {"agent", `{"name":1}`, tenancy.CodeInvalid},
		"string":         {"agent", `"a"`, tenancy.CodeInvalid},
		"null":           {"agent", `null`, tenancy.CodeInvalid},
		"duplicate name": {"agent", `{"name":"a","name":"b"}`, tenancy.CodeInvalidJSON},
		"inexact number": {"prompt", `{"name":"a","x":12345678901234567890}`,
			tenancy.CodeInexactNumber},
		"kind without raw shape": {"trigger", `{"name":"a"}`, tenancy.CodeInvalid},
		"missing kind":           {"", `{"name":"a","spec":{}}`, tenancy.CodeInvalid},
		"unknown kind":           {"", `{"kind":"ship","name":"a","spec":{}}`, tenancy.CodeInvalid},
		"kind differs from file": {"agent", `{"kind":"prompt","name":"a","spec":{}}`,
			tenancy.CodeInvalid},
		"unknown member": {"agent", `{"name":"a","spec":{},"model":"x"}`,
			tenancy.CodeUnknownField},
		"spec is string": {"agent", `{"name":"a","spec":"x"}`, tenancy.CodeInvalid},
		"version_detail is number": {"mcp_server", `{"name":"a","version_detail":1}`,
			tenancy.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parseRow(c.kind, []byte(c.raw))
			require.Equal(t, c.code, tenancy.CodeOf(err), "%v", err)
		})
	}
}

func TestProviderOfModel(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		"inherit": "inherit", "sonnet": "anthropic", "opus": "anthropic", "haiku": "anthropic",
		"fable":         "anthropic",
		"claude-opus-4": "anthropic", "gpt": "unknown",
	} {
		require.Equal(t, want, provider(model), model)
	}
}

func FuzzParseRow(f *testing.F) {
	f.Add("agent", `{"name":"a","model":"opus"}`)
	f.Add("mcp_server", `{"name":"a","version_detail":{"version":"1"}}`)
	f.Add("", `{"kind":"prompt","name":"a","labels":{"a":"b"},"spec":{}}`)
	f.Fuzz(func(t *testing.T, kind, raw string) {
		row, err := parseRow(kind, []byte(raw))
		if err != nil {
			require.NotEqual(t, tenancy.CodeInternal, tenancy.CodeOf(err))
			return
		}
		require.NoError(t, tenancy.CheckName(row.Name))
		_, err = json.Marshal(row.Body)
		require.NoError(t, err)
	})
}
