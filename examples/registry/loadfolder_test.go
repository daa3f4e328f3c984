package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
	c := s.tenant(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"servers.json": serversFile,
		"prompts.json": promptsFile, "agents.json": agentsFile, "other.json": "{}",
		"notes.txt": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	for range 2 { // a load can be repeated
		got := s.run(t, "load", dir, "--tenant", c.tenant).requireStatus(t, exitRefused)
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
			require.Contains(t, got.out, line)
		}
		require.Contains(t, got.err, "other.json: skipped")
	}
	require.Equal(t, []string{"child", "parent"}, c.names(t, "/api/v1/agents", url.Values{}))
	require.Equal(t, "parent", c.spec(t, "agent", "child")["extends"])
	conflict := s.run(t, "load", textFile(t, "agents.json", `[{"name":"PARENT"}]`), "--tenant",
		c.tenant).requireStatus(t, exitRefused)
	require.Contains(t, conflict.out, `agents.json: position 0, name "PARENT": already_exists: `)
	require.Equal(t, []string{"inherit", "sonnet"},
		c.names(t, "/api/v1/model-configs", url.Values{}))
	require.Equal(t, map[string]any{"template": "Review {{it}}", "arguments": []any{"it"}},
		pick(c.spec(t, "prompt", "review"), "template", "arguments"))
	server := c.spec(t, "mcp_server", "io.github.acme/one")
	require.Equal(t, map[string]any{"version": "0.0.1", "seed_id": "1"},
		pick(server, "version", "seed_id"))
	require.Equal(t, map[string]any{"version": "0.0.1", "release_date": "2025-01-01",
		"is_latest": true}, server["version_detail"])
}

func TestLoadOfExportedItemsGivesSameDigest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source, target := s.tenant(t), s.tenant(t)
	createSamples(t, source)
	var items []map[string]any
	for _, raw := range readBundle(t, source.export(t)).Items {
		var item map[string]any
		require.NoError(t, json.Unmarshal(raw, &item))
		items = append(items, item)
	}
	got := s.run(t, "load", jsonFile(t, "everything.json", items), "--tenant", target.tenant,
		"--json").requireStatus(t, exitDone)
	var result loadResult
	require.NoError(t, json.Unmarshal([]byte(got.out), &result))
	require.Equal(t, loadResult{Loaded: sampleCount, Refused: []refusal{}}, result)
	require.Equal(t, readBundle(t, source.export(t)).Digest, readBundle(t, target.export(t)).Digest)
}

func TestLoadReportsWhyNothingWasLoaded(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.tenant(t)
	path := textFile(t, "agents.json", agentsFile)
	before := c.export(t)
	token := map[string]string{"REGISTRY_TOKEN": "no token of this registry"}
	for name, got := range map[string]commandResult{
		"tenant_not_found": s.run(t, "load", path, "--tenant", "nowhere"),
		"tenant_required":  s.run(t, "load", path),
		"unauthenticated: set REGISTRY_TOKEN to": runWith(t, token, "load", path, "--tenant",
			c.tenant, "--url", s.url),
		"is incomplete": s.run(t, "load",
			textFile(t, "agents.json", `[{"name":"x"`), "--tenant", c.tenant),
		"no response from http://127.0.0.1:1: ": runWith(t, token, "load", path, "--tenant",
			c.tenant,
			"--url", "http://127.0.0.1:1/"),
		"byte 0": s.run(t, "load", textFile(t, "agents.json", `{"name":"x"}`), "--tenant",
			c.tenant),
	} {
		got.requireStatus(t, exitRefused)
		require.Contains(t, got.err, name)
		require.NotContains(t, got.out, "refused", "counts are printed although nothing was loaded")
		require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
	}
	for _, args := range [][]string{
		{"load", "nowhere.json", "--tenant", c.tenant}, {"load", path, "--kind", "thing"}, {"load"},
		{"load", path, "--what"}, {"laod", path},
		{"export"}, {"export", "--tenant", c.tenant, "-o", "/nowhere/x.json"}, {"import", path},
		{"import", t.TempDir(), "--tenant", c.tenant},
		{"import", path, "--tenant", "x", "--strategy", "force"}, {"promote", "a"},
	} {
		s.run(t, args...).requireStatus(t, exitUsage)
	}
	require.Equal(t, string(before), string(c.export(t)))
	c.get(t, resource("agent", "parent")).isProblem(t, http.StatusNotFound, "not_found")
}
