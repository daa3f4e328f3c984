package apitest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
)

// sampleResources are resources of all kinds, with references of every type and with
// fields that have no column. Referenced resources come first.
var sampleResources = []struct{ kind, name, body string }{
	{"model_config", "gpt", `{"labels":{"tier":"gold","a/b":"c=d"},
		"spec":{"provider":"openai","model":"gpt-x",
			"parameters":{"temperature":0.1,"top":1e21,"zero":-0,"small":1e-7,"least":5e-324,
				"most":1.7976931348623157e308,"stop":["\n","𝔘"]},
			"api_key":"sk-live-7","workspace":"research","region":null}}`},
	{"model_config", "shared key",
		`{"spec":{"provider":"p","model":"m","api_key":{"$secret":"keys/shared"},
			"workspace":"research"}}`},
	{"model_config", "local", `{"spec":{"provider":"ollama","model":"llama"}}`},
	{"prompt", "z", `{"spec":{"description":"last","template":"Hello {{name}}",
		"arguments":[{"name":"name","required":true}]}}`},
	{"prompt", "a", `{"spec":{"arguments":{"any":"shape"}}}`},
	{"prompt", "m/1", `{"spec":{}}`},
	{"mcp_server", "io.github.acme/weather",
		`{"spec":{"description":"Weather","version":"1.2.3",
			"repository":{"url":"https://example.com","source":"github"},
			"packages":[{"registry_name":"npm","name":"@acme/weather","environment_variables":[]}],
			"remotes":[]}}`},
	{"mcp_server", "b", `{"spec":{"version_detail":{"is_latest":true}}}`},
	{"agent", "base", `{"spec":{"description":"The base","instructions":"Be kind.","tools":[]}}`},
	{"agent", "chain-1", `{"spec":{"extends":"base","model_config":"gpt"}}`},
	{"agent", "chain-2", `{"labels":{"team":"α"},
		"spec":{"extends":"chain-1","endpoint":"https://a.example/","prompts":["z","a","m/1"],
			"mcp_servers":["io.github.acme/weather","b"],"tools":["Read"]}}`},
	{"agent", "itself", `{"spec":{"prompts":[],"mcp_servers":[]}}`},
	{"agent", "itself", `{"spec":{"mcp_servers":["b","io.github.acme/weather"],
		"deep":{"b":[1,2.5,-0.1,9007199254740991,null,{"":""}],"a":true,"\u20ac":"\u0001\u2028<>&"}}}`},
	{"trust_rule", "for an agent",
		`{"spec":{"effect":"allow","subject":{"kind":"agent","name":"chain-2"},"action":"tools.call",
			"priority":-5,"workspace":"research"}}`},
	{"trust_rule", "for a server",
		`{"spec":{"effect":"deny","subject":{"kind":"mcp_server","name":"b"}}}`},
	{"trust_rule", "for everything", `{"spec":{"effect":"deny","priority":2147483647}}`},
	{"trigger", "nightly", `{"spec":{"type":"schedule","schedule":"0 3 * * *","agent":"base",
		"enabled":false,"workspace":"ops"}}`},
	{"trigger", "hook", `{"spec":{"type":"webhook","agent":"chain-2","filter":{"path":"/x"}}}`},
	{"context_config", "small",
		`{"spec":{"agent":"base","sources":["git","wiki"],"max_tokens":4096}}`},
	{"context_config", "nothing", `{"spec":{"workspace":"ops"}}`},
	{"defaults", "default", `{"labels":{"set":"yes"},
		"spec":{"trust_effect":"allow","model_config":"gpt","context_config":"small","banner":"hi"}}`},
}

// sampleCount is the number of resources after createSamples. The list has one more,
// because it writes the agent "itself" twice.
const sampleCount = 20

// createSamples writes the sampleResources into the caller's tenant.
func createSamples(t *testing.T, c harness.Caller) {
	t.Helper()
	for _, f := range sampleResources {
		got := c.Send(t, http.MethodPut, harness.Resource(f.kind, f.name), f.body)
		require.Contains(t, []int{http.StatusCreated, http.StatusOK}, got.Status, "%s %q: %s",
			f.kind, f.name, got.Body)
	}
	// One prompt is written repeatedly, another one is created and deleted.
	for range 3 {
		c.Put(t, "prompt", "a", json.RawMessage(`{"arguments":{"any":"shape"}}`))
	}
	c.Put(t, "prompt", "deleted", map[string]any{})
	c.Send(t, http.MethodDelete, harness.Resource("prompt", "deleted"), nil).
		HasStatus(t, http.StatusNoContent)
}

// bundle is a decoded bundle, with the raw bytes of its items.
type bundle struct {
	Items  []json.RawMessage
	Digest string
	Count  int
	Source struct{ Instance, Tenant string }
}

func readBundle(t *testing.T, raw []byte) bundle {
	t.Helper()
	var b bundle
	require.NoError(t, json.Unmarshal(raw, &b))
	return b
}

// report is the decoded report of an import.
type report struct {
	DryRun  bool           `json:"dry_run"`
	Counts  map[string]int // without zeros
	Items   []reportItem
	Secrets []federation.SecretUse `json:"secrets_required"`
}

type reportItem struct {
	Kind, Name, Action string
	RenamedTo          string `json:"renamed_to"`
	Changes            []struct{ Path string }
	Error              string
}

func readReport(t *testing.T, a harness.Response) report {
	t.Helper()
	r := harness.Decode[report](t, a)
	for action, n := range r.Counts {
		if n == 0 {
			delete(r.Counts, action)
		}
	}
	return r
}

func TestPromotionLosesNoData(t *testing.T) {
	t.Parallel()
	s := serve(t)
	staging, production := s.TenantNamed(t, "staging"), s.TenantNamed(t, "production")
	createSamples(t, staging)
	exported := staging.Export(t)

	t.Run("export is repeatable, canonical and without secrets", func(t *testing.T) {
		require.Equal(t, string(exported), string(staging.Export(t)))
		canonical, err := federation.Canonical(exported)
		require.NoError(t, err)
		require.Equal(t, string(canonical), string(exported))
		require.NotContains(t, string(exported), "sk-live-7")
		require.Contains(t, string(exported), `"api_key":{"$secret":"model_config/gpt/api_key"}`)
		require.Equal(t, "staging", readBundle(t, exported).Source.Tenant)
		require.Equal(t, sampleCount, readBundle(t, exported).Count)
	})

	t.Run("read returns every field as written", func(t *testing.T) {
		for _, f := range sampleResources {
			if f.name == "itself" && !strings.Contains(f.body, "deep") {
				continue // was overwritten
			}
			var wrote, got struct {
				Labels map[string]string
				Spec   map[string]any
			}
			require.NoError(t, json.Unmarshal([]byte(f.body), &wrote))
			require.NoError(t, json.Unmarshal(staging.Get(t, harness.Resource(f.kind, f.name)).
				HasStatus(t, http.StatusOK).Body, &got))
			if wrote.Labels == nil {
				wrote.Labels = map[string]string{}
			}
			require.Equal(t, wrote.Labels, got.Labels)
			if wrote.Spec["api_key"] == "sk-live-7" {
				wrote.Spec["api_key"] = map[string]any{"$secret": "model_config/gpt/api_key"}
			}
			for field, value := range wrote.Spec {
				require.Equal(t, value, got.Spec[field], "%s %q: %s", f.kind, f.name, field)
			}
		}
	})

	first := readReport(t, production.ImportBundle(t, exported, "").HasStatus(t, http.StatusOK))
	require.Equal(t, map[string]int{"create": sampleCount - 1, "update": 1}, first.Counts,
		"unchanged defaults aren't a conflict")
	require.Equal(t, []federation.SecretUse{
		{Kind: "model_config", Name: "gpt", Path: "/spec/api_key",
			Secret: "model_config/gpt/api_key"},
		{Kind: "model_config", Name: "shared key", Path: "/spec/api_key", Secret: "keys/shared"},
	}, first.Secrets)

	t.Run("target exports the same items and digest", func(t *testing.T) {
		again := production.Export(t)
		a, b := readBundle(t, exported), readBundle(t, again)
		require.Equal(t, a.Items, b.Items)
		require.Equal(t, a.Digest, b.Digest)
		require.Equal(t, a.Source.Instance, b.Source.Instance)
		unsigned := regexp.MustCompile(`"signature":{[^}]*},`)
		require.Equal(t, unsigned.ReplaceAllString(string(exported), ""), strings.Replace(
			unsigned.ReplaceAllString(string(again), ""), `"tenant":"production"`, `"tenant":"staging"`, 1))
	})

	t.Run("secrets can be set in the target and no route returns them", func(t *testing.T) {
		for _, secret := range first.Secrets {
			path := production.TenantPath() + "/secrets/" + apiclient.EscapeSegment(secret.Secret)
			production.Send(t, http.MethodPut, path,
				map[string]string{"value": "s3cr3t-" + secret.Name}).
				HasStatus(t, http.StatusNoContent)
			production.Get(t, path).IsProblem(t, http.StatusMethodNotAllowed, "method_not_allowed")
		}
		again := readReport(t, production.ImportBundle(t, exported, "").HasStatus(t, http.StatusOK))
		require.Equal(t, map[string]int{"unchanged": sampleCount}, again.Counts)
		require.Empty(t, again.Secrets)
		for _, path := range []string{harness.Resource("model_config", "gpt"),
			"/api/v1/model-configs",
			production.TenantPath() + "/export", "/api/v1/discovery"} {
			require.NotContains(t, string(production.Get(t, path).HasStatus(t, http.StatusOK).Body),
				"s3cr3t")
		}
	})

	t.Run("import of the tenant's own export changes nothing", func(t *testing.T) {
		for _, strategy := range promote.Strategies() {
			got := readReport(t, staging.ImportBundle(t, exported, "?strategy="+string(strategy)).
				HasStatus(t, http.StatusOK))
			require.Equal(t, map[string]int{"unchanged": sampleCount}, got.Counts, strategy)
		}
		require.Equal(t, string(exported), string(staging.Export(t)))
	})

	t.Run("discovery lists the tenant's own resources", func(t *testing.T) {
		found := harness.Decode[struct {
			Tenant     struct{ Slug string }
			Agents     []map[string]any
			MCPServers []map[string]any `json:"mcp_servers"`
		}](t, production.Get(t, "/api/v1/discovery").HasStatus(t, http.StatusOK))
		require.Equal(t, "production", found.Tenant.Slug)
		require.Len(t, found.Agents, 4)
		require.Len(t, found.MCPServers, 2)
	})
}

func TestExportSelectsByKindAndLabel(t *testing.T) {
	t.Parallel()
	c := serve(t).Tenant(t)
	createSamples(t, c)
	for query, want := range map[string]int{
		"?kind=agent": 4, "?kind=agent&kind=prompt": 7, "?label=tier=gold": 1,
		"?label=tier=gold&kind=agent": 0, "?kind=agent&label=team=%CE%B1": 1,
		"?label=tier=gold&label=a/b=c%3Dd": 1, "?label=tier=": 0,
	} {
		got := c.Get(t, c.TenantPath()+"/export"+query).HasStatus(t, http.StatusOK)
		require.Equal(t, want, readBundle(t, got.Body).Count, query)
		require.True(t, bytes.HasPrefix(got.Body, []byte(`{"count":`)))
	}
	for _, query := range []string{"?kind=nothing", "?kind=", "?label=x", "?label==x", "?what=1",
		"?label=a=1&label=a=2"} {
		c.Get(t, c.TenantPath()+"/export"+query).
			IsProblem(t, http.StatusUnprocessableEntity, "invalid")
	}
}

func TestLongTextsSurviveExportAndImport(t *testing.T) {
	t.Parallel()
	s := serve(t)
	source, target := s.Tenant(t), s.Tenant(t)
	spec := map[string]any{"instructions": strings.Repeat("Tab\t, line\n, \\N and \\. \u00e9. ",
		20_000), "text": strings.Repeat("語", 100_000)}
	source.Put(t, "agent", "long", spec)
	target.ImportBundle(t, source.Export(t), "").HasStatus(t, http.StatusOK)
	require.Equal(t, spec, pick(target.Spec(t, "agent", "long"), "instructions", "text"))
}
