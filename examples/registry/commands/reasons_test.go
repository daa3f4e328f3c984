package commands_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/federation"
)

// referringBundle has an agent, what it refers to, and an item of a kind that this program doesn't
// know.
func referringBundle(t *testing.T) []byte {
	t.Helper()
	item := func(kind, name, spec string) federation.Item {
		return federation.Item{Ref: federation.Ref{Kind: kind, Name: name},
			Spec: json.RawMessage(spec)}
	}
	labeled := item("agent", "supporté", `{"extends":"base","prompts":["greeting"]}`)
	labeled.Labels = map[string]string{"équipe": "a=b"}
	return bundleOf(t, item("agent", "base", `{"prompts":["greeting"],"model_config":"gpt"}`),
		labeled, item("future", "x", `{}`), item("model_config", "gpt", `{}`),
		item("prompt", "greeting", `{}`))
}

func TestExportSaysWhatCameByReference(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: referringBundle(t)}
	address := registry.Start(t)
	run := func(args ...string) harness.Result {
		return harness.RunLine(t, append([]string{"export", "--tenant", "staging", "--url",
			address, "--name", "supporte\u0301", "--name", "a,b", "--label", "e\u0301quipe=a=b"},
			args...)...)
	}
	got := run("--with-references")
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, string(registry.Bundle), got.Out)
	require.Contains(t, got.Err, "selected: 1, added by reference: 4\n")
	require.NotContains(t, got.Err, "<-")
	require.Equal(t, []string{"GET /api/v1/tenants/staging/export?label=e%CC%81quipe%3Da%3Db" +
		"&name=supporte%CC%81&name=a%2Cb&with_references=true"}, registry.Calls())

	got = run("--with-references", "-v")
	require.Contains(t, got.Err, "  agent/base <- agent/supporté\n"+
		"  model_config/gpt <- agent/base\n  prompt/greeting <- agent/supporté\n")

	path := filepath.Join(t.TempDir(), "bundle.json")
	got = run("--with-references", "--json", "-o", path)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Empty(t, got.Err)
	require.Contains(t, got.Out, `"selected":1`)
	require.Contains(t, got.Out,
		`{"kind":"model_config","name":"gpt","from":{"kind":"agent","name":"base"}}`)

	got = run("--json", "-o", path)
	require.NotContains(t, got.Out, "selected")
	require.Empty(t, run().Err)
}

func TestPromoteSaysWhatCameByReference(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: referringBundle(t), Report: createReport}
	got := harness.RunLine(t, "promote", "staging", "production", "--url", registry.Start(t),
		"--kind", "agent", "--with-references", "-v")
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Contains(t, got.Err, "selected: 2, added by reference: 3\n")
	require.Contains(t, got.Err, "  prompt/greeting <- agent/base\n")
	require.Contains(t, registry.Calls(),
		"GET /api/v1/tenants/staging/export?kind=agent&with_references=true")
}
