package load_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/load"
)

func TestLoadReportsRefusedRowsAndLoadsTheOthers(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Refuse: map[string]string{
		"PUT /api/v1/agents/bad": `{"status":422,"code":"invalid","detail":"The agent is invalid.",
			"errors":[{"path":"/spec/tools","code":"invalid","detail":"must be an array"}]}`,
	}}
	address := registry.Start(t)
	path := harness.TextFile(t, "agents.json", `[
		{"name":"a/b","collection":"c","model":"opus"},
		{"name":"","model":"opus"},
		{"name":"bad","model":"opus"},
		{"name":"a/b","model":"haiku"},
		{"name":"late","spec":{"extends":"later"}},
		{"name":"later","spec":{}},
		{"name":"lost","spec":{"extends":"unknown"}},
		{"name":"..","model":"inherit"}]`)
	got := harness.RunLine(t, "load", path, "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Equal(t, `agents.json: position 1, name "": invalid: a name must not be empty
agents.json: position 2, name "bad": invalid: The agent is invalid.; /spec/tools: must be an array
agents.json: position 3, name "a/b": duplicate_name: the row at position 0 already has this name
agents.json: position 6, name "lost": dangling_reference: missing reference; /spec/extends: no agent of that name
agents.json: 4 loaded, 4 refused
created model_configs: opus, inherit
`, got.Out)
	require.ElementsMatch(t, []string{
		"model-configs/opus", "model-configs/inherit", "agents/a%2Fb", "agents/late",
		"agents/later", "agents/%2E%2E",
	}, slices.Collect(maps.Keys(registry.Items)))
}

func TestLoadPrintsJSON(t *testing.T) {
	t.Parallel()
	registry := new(harness.FakeRegistry)
	address := registry.Start(t)
	path := harness.TextFile(t, "agents.json",
		`[{"name":"a","model":"opus"},{"name":"a"},{"name":"b","model":"opus"},
		{"name":"c","spec":{"extends":"b"}}]`)
	for range 2 { // the second load finds the model_config
		got := harness.RunLine(t, "load", path, "--tenant", "acme", "--url", address, "--json")
		require.Equal(t, cli.ExitRefused, got.Status)
		require.Empty(t, got.Err)
		var result load.Result
		require.NoError(t, json.Unmarshal([]byte(got.Out), &result))
		require.Equal(t, 3, result.Loaded)
		require.Equal(t, []load.Refusal{{
			File: "agents.json", Position: 1, Name: "a", Code: "duplicate_name",
			Reason: "the row at position 0 already has this name",
		}}, result.Refused)
	}
	require.Len(t, registry.Items, 4)
	require.JSONEq(t, `{"spec":{"provider":"anthropic","model":"opus","parameters":{}}}`,
		string(registry.Items["model-configs/opus"]))
	for _, h := range registry.Headers {
		require.Equal(t, "Bearer sesame", h.Get("Authorization"))
		require.Equal(t, "acme", h.Get("X-Tenant-ID"))
	}
}

// Rows may refer to later rows of their file, in chains of any length.
func TestLoadRetriesRowsThatReferToLaterRows(t *testing.T) {
	t.Parallel()
	registry := new(harness.FakeRegistry)
	address := registry.Start(t)
	var rows []string
	for i := range 20 {
		rows = append(rows, fmt.Sprintf(`{"name":"a%d","spec":{"extends":"a%d"}}`, i, i+1))
	}
	rows = append(rows, `{"name":"a20","spec":{}}`)
	path := harness.TextFile(t, "agents.json", "["+strings.Join(rows, ",")+"]")
	got := harness.RunLine(t, "load", path, "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitDone, got.Status, got.Out)
	require.Equal(t, "agents.json: 21 loaded, 0 refused\n", got.Out)
}

func TestLoadOfDirectoryLoadsReferencedKindsFirst(t *testing.T) {
	t.Parallel()
	registry := new(harness.FakeRegistry)
	address := registry.Start(t)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"agents.json": `[{"name":"a"}]`, "servers.json": `[{"name":"s"}]`,
		"triggers.json": `[{"name":"t","spec":{}}]`,
		"prompts.json":  `[{"name":"p"}]`, "notes.json": `{}`, "README.md": "x",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	got := harness.RunLine(t, "load", dir, "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitDone, got.Status)
	require.Equal(t, []string{
		"PUT /api/v1/prompts/p", "PUT /api/v1/mcp-servers/s", "PUT /api/v1/agents/a",
		"PUT /api/v1/triggers/t",
	}, registry.Calls())
	require.Contains(t, got.Err, "notes.json: skipped")
}

func TestLoadOfMalformedFileReportsByteAndLoadedRows(t *testing.T) {
	t.Parallel()
	registry := new(harness.FakeRegistry)
	address := registry.Start(t)
	path := harness.TextFile(t, "prompts.json", `[{"name":"a"},{"name":"b"},{"na`)
	got := harness.RunLine(t, "load", path, "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Equal(t, "prompts.json: 2 loaded, 0 refused\n", got.Out)
	require.Contains(t, got.Err, "the file is incomplete")
	require.Len(t, registry.Items, 2)
}

// An error that every row would get ends the load and is reported once.
func TestLoadEndsWhenEveryRowWouldBeRefused(t *testing.T) {
	t.Parallel()
	for name, problem := range map[string]string{
		"no credentials": `{"status":401,"code":"unauthenticated","detail":"Sign in."}`,
		"unknown tenant": `{"status":404,"code":"tenant_not_found","detail":"No such tenant."}`,
		"unavailable":    `{"status":503,"code":"unavailable","detail":"Later.","request_id":"r"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rows []string
			refuse := map[string]string{}
			for i := range 100 {
				rows = append(rows, fmt.Sprintf(`{"name":"p%d"}`, i))
				refuse[fmt.Sprintf("PUT /api/v1/prompts/p%d", i)] = problem
			}
			registry := &harness.FakeRegistry{Refuse: refuse}
			address := registry.Start(t)
			path := harness.TextFile(t, "prompts.json", "["+strings.Join(rows, ",")+"]")
			got := harness.RunLine(t, "load", path, "--tenant", "acme", "--url", address)
			require.Equal(t, cli.ExitRefused, got.Status)
			require.Empty(t, got.Out, "counts are printed although nothing was loaded")
			require.Equal(t, 1, strings.Count(got.Err, "\n"), got.Err)
			require.Less(t, len(registry.Calls()), 50)
		})
	}
}

func TestLoadRefusesAgentsOfRefusedModelConfig(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Refuse: map[string]string{
		"PUT /api/v1/model-configs/opus": `{"status":422,"code":"invalid","detail":"No."}`,
	}}
	address := registry.Start(t)
	path := harness.TextFile(t, "agents.json",
		`[{"name":"a","model":"opus"},{"name":"b","model":"haiku"},{"name":"c","model":"opus"}]`)
	got := harness.RunLine(t, "load", path, "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Equal(t, `agents.json: position 0, name "a": invalid: its model_config "opus": No.
agents.json: position 2, name "c": invalid: its model_config "opus": No.
agents.json: 1 loaded, 2 refused
created model_configs: haiku
`, got.Out)
}
