package apitest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// unusualNames are names that people and tools really use, with characters that are
// special in paths, SQL, JSON, HTML or Unicode.
var unusualNames = []string{
	".", "..", "...", "@scope/pkg", "io.github.acme/weather", "a/b/c", "100% sure?", "x#y", "a;b",
	"a+b", "a&b=c", "%2F", "%", "~user",
	`say "hi"`, `back\slash`, "it's", "O'Brien'); DROP TABLE agents;--", "two  spaces",
	"日本語エージェント", "агент", "naïve café",
	"🤖", "עברית", "$secret", "{}", "[0]", "null",
	"<script>alert(1)</script>", "$1 ?0 :name", "C:\\Users",
	"≈ç√∫", "ﬁ",
	strings.Repeat("n", 256), strings.Repeat("語", 256),
}

// generateAgents returns 202 agents in the raw shape that the loader reads. Their
// texts have control characters, quotes, markup and non-ASCII letters.
func generateAgents() []map[string]any {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"Review", "the", "code", "für", "安全", "and\n", "don't", "\t", "\\n",
		"\"quoted\"", "`tick`", "— dash", "𝔘nicode", "<b>", "{{x}}", "\u0001"}
	text := func(n int) string {
		var b strings.Builder
		for b.Len() < n {
			b.WriteString(words[random.IntN(len(words))] + " ")
		}
		return b.String()
	}
	models := []string{"sonnet", "opus", "inherit", "acme/llm@7"}
	agents := make([]map[string]any, 202)
	for i := range agents {
		name := fmt.Sprintf("team-%d/agent.%03d@v1", i%7, i)
		if i < len(unusualNames) {
			name = unusualNames[i]
		}
		agents[i] = map[string]any{
			"name": name, "collection": fmt.Sprintf("collection %d/%d", i%3, i%5),
			"model":       models[i%len(models)],
			"description": text(random.IntN(200)), "instructions": text(random.IntN(500)),
			"tools": []string{"Read", "Bash(git:*)", "mcp__x__y"}[:i%4%3],
			"color": nil, "weight": float64(i) / 7,
			"nested": map[string]any{"b": []any{1e21, -0.5, nil, map[string]any{}}, "a": ""},
		}
		if i%20 == 0 {
			agents[i]["instructions"] = text(30 << 10)
		}
	}
	return agents
}

func namesOf(rows []map[string]any) []string {
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row["name"].(string)
	}
	slices.Sort(names)
	return names
}

func TestTwoTenantsWithSameNamesAreIsolated(t *testing.T) {
	t.Parallel()
	s := serve(t)
	rows := generateAgents()
	path := harness.JSONFile(t, "agents.json", rows)
	staging, production := s.TenantNamed(t, "staging"), s.TenantNamed(t, "production")
	for _, c := range []harness.Caller{staging, production} {
		got := s.Run(t, "load", path, "--tenant", c.Tenant).RequireStatus(t, cli.ExitDone)
		require.Contains(t, got.Out, "agents.json: 202 loaded, 0 refused\n")
	}
	production.Put(t, "agent", "only in production", map[string]any{"description": "MATCH me"})

	t.Run("each tenant lists exactly its own agents with any page size", func(t *testing.T) {
		for _, limit := range []string{"1", "7", "202", "1000"} {
			require.Equal(t, namesOf(rows),
				staging.Names(t, "/api/v1/agents", url.Values{"limit": {limit}}), limit)
		}
		want := append(namesOf(rows), "only in production")
		slices.Sort(want)
		require.Equal(t, want, production.Names(t, "/api/v1/agents", url.Values{"limit": {"50"}}))
	})

	t.Run("search and label filter find own agents only", func(t *testing.T) {
		require.Empty(t, staging.Names(t, "/api/v1/agents", url.Values{"q": {"match ME"}}))
		require.Equal(t, []string{"only in production"},
			production.Names(t, "/api/v1/agents", url.Values{"q": {"match ME"}}))
		require.Equal(t, []string{"100% sure?"},
			staging.Names(t, "/api/v1/agents", url.Values{"q": {"0% S"}}),
			"% isn't a wildcard")
		require.Equal(t, []string{"агент"},
			staging.Names(t, "/api/v1/agents", url.Values{"q": {"АГЕНТ"}}))
		require.Len(t, staging.Names(t, "/api/v1/agents", url.Values{"q": {"@V1"}, "limit": {"9"}}),
			202-len(unusualNames))
		var labelled []string
		for i, row := range rows {
			if i%15 == 7 {
				labelled = append(labelled, row["name"].(string))
			}
		}
		slices.Sort(labelled)
		require.Equal(t, labelled,
			staging.Names(t, "/api/v1/agents",
				url.Values{"label": {"collection=collection 1/2"}, "limit": {"3"}}))
	})

	t.Run("read returns what was loaded", func(t *testing.T) {
		for _, row := range rows {
			got := harness.Decode[struct {
				Name   string
				Labels map[string]string
				Spec   map[string]any
			}](t, staging.Get(t, harness.Resource("agent", row["name"].(string))).
				HasStatus(t, http.StatusOK))
			require.Equal(t, row["name"], got.Name)
			require.Equal(t, map[string]string{"collection": row["collection"].(string)},
				got.Labels)
			require.Equal(t, row["instructions"], got.Spec["instructions"])
			require.Equal(t, row["model"], got.Spec["model_config"])
			require.Equal(t, row["weight"], got.Spec["weight"])
			require.Contains(t, got.Spec, "color", "a null member was removed")
		}
	})

	t.Run("export and import keep everything", func(t *testing.T) {
		third := s.Tenant(t)
		bundle := staging.Export(t)
		third.ImportBundle(t, bundle, "").HasStatus(t, http.StatusOK)
		require.Equal(t, readBundle(t, bundle).Items, readBundle(t, third.Export(t)).Items)
		require.Equal(t, namesOf(rows),
			third.Names(t, "/api/v1/agents", url.Values{"limit": {"100"}}))
	})

	t.Run("deletes and updates don't change the other tenant", func(t *testing.T) {
		before := production.Export(t)
		for _, row := range rows[:60] {
			path := harness.Resource("agent", row["name"].(string))
			staging.Send(t, http.MethodDelete, path, nil).HasStatus(t, http.StatusNoContent)
		}
		for _, row := range rows[60:70] {
			staging.Put(t, "agent", row["name"].(string), map[string]any{"description": "changed"})
		}
		require.Equal(t, namesOf(rows[60:]), staging.Names(t, "/api/v1/agents", url.Values{}))
		require.Equal(t, string(before), string(production.Export(t)))
		staging.Get(t, harness.Resource("agent", rows[3]["name"].(string))).
			IsProblem(t, http.StatusNotFound, "not_found")
	})
}
