package load_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// loaded loads one file and returns the paths and the specs of what the registry has then.
func loaded(t *testing.T, file, text string, args ...string) (map[string]string, harness.Result) {
	t.Helper()
	registry := new(harness.FakeRegistry)
	address := registry.Start(t)
	line := append([]string{"load", harness.TextFile(t, file, text), "--tenant", "acme", "--url",
		address}, args...)
	got := harness.RunLine(t, line...)
	specs := map[string]string{}
	for path, body := range registry.Items {
		var item struct{ Spec json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(body), &item))
		specs[path] = string(item.Spec)
	}
	return specs, got
}

const serverOne = `{"$schema":"https://static.example.org/schemas/2025-12-11/server.schema.json",
	"name":"io.acme/one","description":"d","version":"1.0.0","packages":[]}`

const card = `{"name":"Air Agent","description":"d","url":"https://a.example.org","version":"1.0.0",
	"capabilities":{},"defaultInputModes":["text"],"skills":[]}`

func TestLoadReadsTheShapesOfOtherRegistries(t *testing.T) {
	t.Parallel()
	const server, agent = "mcp-servers/io.acme%2Fone", "agents/Air%20Agent"
	for name, c := range map[string]struct {
		file, text string
		want       []string
	}{
		"list of the MCP registry": {"seed.json", `{"servers":[{"server":` + serverOne +
			`,"_meta":{"io.modelcontextprotocol.registry/official":{"isLatest":true}}}],
			"metadata":{"count":1}}`, []string{server}},
		"list of servers": {"seed.json",
			`{"servers":[` + serverOne + `]}`,
			[]string{server}},
		"array of servers": {"seed.json", `[` + serverOne + `]`, []string{server}},
		"one server":       {"server.json", serverOne, []string{server}},
		"file of ToolHive": {"t.json",
			`{"$schema":"x","version":"1","meta":{},"data":{"servers":[` + serverOne + `]}}`,
			[]string{server}},
		"older file of ToolHive": {"servers.json",
			`{"version":"1","servers":{"io.acme/one":{"image":"i"}}}`,
			[]string{server}},
		"one agent card":       {"agent-card.json", card, []string{agent}},
		"array of agent cards": {"cards.json", `[` + card + `]`, []string{agent}},
		"one item": {"x.json",
			`{"kind":"prompt","name":"p","spec":{}}`,
			[]string{"prompts/p"}},
		"list of this registry": {"x.json",
			`{"items":[{"kind":"prompt","name":"p","spec":{}}]}`,
			[]string{"prompts/p"}},
		"object of items by name": {"prompts.json",
			`{"p":{"template":"t"},"q":{"spec":{"template":"t"}}}`,
			[]string{"prompts/p", "prompts/q"}},
		"object of servers by name": {"servers.json", `{"io.acme/one":` + serverOne + `}`,
			[]string{server}},
	} {
		specs, got := loaded(t, c.file, c.text)
		require.Equal(t, cli.ExitDone, got.Status, "%s: %s %s", name, got.Out, got.Err)
		require.Equal(t, c.want, slices.Sorted(maps.Keys(specs)), name)
	}
}

func TestURLOfAnAgentCardIsTheEndpoint(t *testing.T) {
	t.Parallel()
	specs, _ := loaded(t, "cards.json", `[`+card+`,{"name":"new","capabilities":{},"skills":[],
		"supportedInterfaces":[{"url":"https://n.example.org","protocolBinding":"JSONRPC"}]}]`)
	require.Contains(t, specs["agents/Air%20Agent"], `"endpoint":"https://a.example.org"`)
	require.Contains(t, specs["agents/new"], `"endpoint":"https://n.example.org"`)
}

func TestFileOfNoKnownShapeIsAnError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"format":"bailiwick.bundle","items":[]}`: "use the command import",
		`{"mcpServers":{"x":{"command":"npx"}}}`:   "the configuration of a client",
		`{"name":"x","description":"d"}`:           "none of the known shapes",
		`{}`:                                       "none of the known shapes",
		`{"a":{"name":"b","spec":{}}}`:             "has another name",
		`{"servers":[`:                             "incomplete",
		`{"servers":[]} {}`:                        "unexpected data",
		`"servers"`:                                "expected a JSON array",
	} {
		specs, got := loaded(t, "servers.json", text)
		require.NotEqual(t, cli.ExitDone, got.Status, text)
		require.Contains(t, got.Out+got.Err, want, text)
		require.Empty(t, specs, text)
	}
}

func TestGreatestVersionOfAServerIsLoaded(t *testing.T) {
	t.Parallel()
	row := func(version string) string {
		return `{"server":{"name":"s","version":"` + version + `","packages":[]}}`
	}
	at := func(version, published string) string {
		return `{"server":{"name":"s","version":"` + version + `","packages":[]},"_meta":{` +
			`"io.modelcontextprotocol.registry/official":{"publishedAt":"` + published + `"}}}`
	}
	for name, c := range map[string]struct {
		rows string
		want string
	}{
		"the later row":         {row("1.7.2") + "," + row("1.7.3"), "1.7.3"},
		"the earlier row":       {row("1.7.3") + "," + row("1.7.2"), "1.7.3"},
		"numbers, not text":     {row("1.10.0") + "," + row("1.9.0"), "1.10.0"},
		"before its release":    {row("2.0.0") + "," + row("2.0.0-rc.1"), "2.0.0"},
		"numeric identifiers":   {row("2.0.0-rc.10") + "," + row("2.0.0-rc.9"), "2.0.0-rc.10"},
		"semantic before other": {row("1.0.0") + "," + row("2026-01-01"), "1.0.0"},
		"with a v":              {row("v1.2.0") + "," + row("1.1.0"), "v1.2.0"},
		"later publication": {at("b", "2026-02-01T00:00:00Z") + "," + at("a", "2026-01-01T00:00:00Z"),
			"b"},
		"later position": {row("blue") + "," + row("azure"), "azure"},
		"three":          {row("1.0.0") + "," + row("3.0.0") + "," + row("2.0.0"), "3.0.0"},
	} {
		specs, got := loaded(t, "seed.json", `{"servers":[`+c.rows+`]}`)
		require.Equal(t, cli.ExitDone, got.Status, name)
		require.Contains(t, specs["mcp-servers/s"], `"version":"`+c.want+`"`, name)
		require.Contains(t, got.Out, "older_version", name)
	}
	_, got := loaded(t, "seed.json", `[`+row("1.0.0")+`,`+row("1.0.0")+`]`)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Contains(t, got.Out, "duplicate_name")
}
