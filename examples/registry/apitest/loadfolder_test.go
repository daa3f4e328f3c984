package apitest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/load"
)

const serversFile = `[
	{"id":"1","name":"io.github.acme/one","description":"One",
		"repository":{"url":"u","source":"github","id":"7"},
		"version_detail":{"version":"0.0.1","release_date":"2025-01-01","is_latest":true},
		"packages":[{"registry_name":"npm","name":"one","version":"0.0.1"}]},
	{"id":"2","name":"","description":"no name"},
	{"id":"3","name":"io.github.acme/two","description":"Two","version_detail":{"version":"2"},
		"remotes":[{"transport_type":"sse","url":"https://x"}]},
	{"id":"4","description":"no name at all"},
	{"id":"5","name":"io.github.acme/one","description":"again"}
]`

const promptsFile = `[
	{"name":"review","collection":"c","description":"d","template":"Review {{it}}","arguments":["it"]},
	{"name":"review","collection":"other","description":"the second of this name"},
	{"name":"sum\u0000mary"},
	{"name":"many","arguments":[12345678901234567890]},
	7,
	{"name":"plain","name":"twice"},
	{"name":"plain"}
]`

const agentsFile = `[
	{"name":"child","collection":"c","model":"sonnet","extends":"parent","prompts":["review"],
		"instructions":"i","tools":[]},
	{"name":"parent","collection":"c","model":"inherit","mcp_servers":["io.github.acme/one"]},
	{"name":"lost","extends":"unknown"}
]`

func TestLoadOfDirectoryLoadsRawShapes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.Tenant(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"servers.json": serversFile,
		"prompts.json": promptsFile, "agents.json": agentsFile, "other.json": "{}",
		"notes.txt": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for range 2 { // a load can be repeated
		got := s.Run(t, "load", dir, "--tenant", c.Tenant).RequireStatus(t, cli.ExitRefused)
		for _, line := range []string{
			`servers.json: position 1, name "": invalid: `,
			`servers.json: position 3, name "": invalid: `,
			`servers.json: position 4, name "io.github.acme/one": duplicate_name: ` +
				"the row at position 0 already has this name",
			"servers.json: 2 loaded, 3 refused\n",
			`prompts.json: position 1, name "review": duplicate_name: ` +
				"the row at position 0 already has this name",
			`prompts.json: position 2, name "": invalid_json: `,
			`prompts.json: position 3, name "": inexact_number: `,
			`prompts.json: position 4, name "": invalid: a row must be a JSON object`,
			`prompts.json: position 5, name "": invalid_json: `,
			"prompts.json: 2 loaded, 5 refused\n",
			`agents.json: position 2, name "lost": dangling_reference: `,
			"agents.json: 2 loaded, 1 refused\n",
		} {
			require.Contains(t, got.Out, line)
		}
		require.Contains(t, got.Err, "other.json: skipped")
	}
	require.Equal(t, []string{"child", "parent"}, c.Names(t, "/api/v1/agents", url.Values{}))
	require.Equal(t, "parent", c.Spec(t, "agent", "child")["extends"])
	conflict := s.Run(t, "load", harness.TextFile(t, "agents.json", `[{"name":"PARENT"}]`),
		"--tenant", c.Tenant).RequireStatus(t, cli.ExitRefused)
	require.Contains(t, conflict.Out, `agents.json: position 0, name "PARENT": already_exists: `)
	require.Equal(t, []string{"inherit", "sonnet"},
		c.Names(t, "/api/v1/model-configs", url.Values{}))
	require.Equal(t, map[string]any{"template": "Review {{it}}", "arguments": []any{"it"}},
		pick(c.Spec(t, "prompt", "review"), "template", "arguments"))
	server := c.Spec(t, "mcp_server", "io.github.acme/one")
	require.Equal(t, map[string]any{"version": "0.0.1", "seed_id": "1"},
		pick(server, "version", "seed_id"))
	require.Equal(t, map[string]any{"version": "0.0.1", "release_date": "2025-01-01",
		"is_latest": true}, server["version_detail"])
}

func TestLoadOfExportedItemsGivesSameDigest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source, target := s.Tenant(t), s.Tenant(t)
	createSamples(t, source)
	var items []map[string]any
	for _, raw := range readBundle(t, source.Export(t)).Items {
		var item map[string]any
		require.NoError(t, json.Unmarshal(raw, &item))
		items = append(items, item)
	}
	got := s.Run(t, "load", harness.JSONFile(t, "everything.json", items),
		"--tenant", target.Tenant, "--json").RequireStatus(t, cli.ExitDone)
	var result load.Result
	require.NoError(t, json.Unmarshal([]byte(got.Out), &result))
	require.Equal(t, load.Result{Loaded: sampleCount, Refused: []load.Refusal{}}, result)
	require.Equal(t, readBundle(t, source.Export(t)).Digest, readBundle(t, target.Export(t)).Digest)
}

func TestLoadReportsWhyNothingWasLoaded(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.Tenant(t)
	path := harness.TextFile(t, "agents.json", agentsFile)
	before := c.Export(t)
	token := map[string]string{"REGISTRY_TOKEN": "no-token-of-this-registry"}
	for name, got := range map[string]harness.Result{
		"tenant_not_found": s.Run(t, "load", path, "--tenant", "nowhere"),
		"tenant_required":  s.Run(t, "load", path),
		"unauthenticated: set REGISTRY_TOKEN to": harness.Run(t, token, "load", path, "--tenant",
			c.Tenant, "--url", s.URL),
		"is incomplete": s.Run(t, "load",
			harness.TextFile(t, "agents.json", `[{"name":"x"`), "--tenant", c.Tenant),
		"no response from http://127.0.0.1:1: ": harness.Run(t, token, "load", path, "--tenant",
			c.Tenant, "--url", "http://127.0.0.1:1/", "--wait", "0s"),
		"none of the known shapes": s.Run(t, "load",
			harness.TextFile(t, "agents.json", `{"name":"x"}`), "--tenant", c.Tenant),
	} {
		got.RequireStatus(t, cli.ExitRefused)
		require.Contains(t, got.Err, name)
		require.NotContains(t, got.Out, "refused", "counts are printed although nothing was loaded")
		require.Equal(t, 1, strings.Count(got.Err, "\n"), got.Err)
	}
	for _, args := range [][]string{
		{"load", "nowhere.json", "--tenant", c.Tenant}, {"load", path, "--kind", "thing"}, {"load"},
		{"load", path, "--what"}, {"laod", path},
		{"export"}, {"export", "--tenant", c.Tenant, "-o", "/nowhere/x.json"}, {"import", path},
		{"import", t.TempDir(), "--tenant", c.Tenant},
		{"import", path, "--tenant", "x", "--strategy", "force"}, {"promote", "a"},
	} {
		s.Run(t, args...).RequireStatus(t, cli.ExitUsage)
	}
	require.Equal(t, string(before), string(c.Export(t)))
	c.Get(t, harness.Resource("agent", "parent")).IsProblem(t, http.StatusNotFound, "not_found")
}
