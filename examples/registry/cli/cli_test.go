package cli_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestWrongUsageExitsWithTwo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"unknown command":                   {"frobnicate"},
		"unknown flag":                      {"load", "--fast", "x.json"},
		"load without file":                 {"load", "--tenant", "acme"},
		"load of a missing file":            {"load", "/nowhere/agents.json", "--tenant", "acme"},
		"load of an unknown kind":           {"load", "cli.go", "--kind", "ship"},
		"load of a directory with a kind":   {"load", ".", "--kind", "agent"},
		"load of a directory without files": {"load", "../kinds/schema"},
		"export without tenant":             {"export"},
		"import without tenant":             {"import", "cli.go"},
		"import with an unknown strategy": {"import", "cli.go", "--tenant", "acme",
			"--strategy", "merge"},
		"import of a missing file": {"import", "/nowhere/bundle.json", "--tenant", "acme"},
		"promote without target":   {"promote", "staging"},
		"URL without scheme": {"export", "--tenant", "acme", "--url",
			"registry.example.com"},
		"verify without tenant":       {"audit", "verify"},
		"verify with an invalid head": {"audit", "verify", "--tenant", "acme", "--head", "7"},
		"export of JSON to stdout":    {"export", "--tenant", "acme", "--json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := harness.RunLine(t, args...)
			require.Equal(t, cli.ExitUsage, got.Status, got.Err)
			require.Empty(t, got.Out)
			require.Contains(t, got.Err, "registry: ")
		})
	}
}

func TestHelpExitsWithZero(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"load", "--help"}, {"import", "--help"}} {
		got := harness.RunLine(t, args...)
		require.Equal(t, cli.ExitDone, got.Status)
		require.Contains(t, got.Out, "Usage: registry")
	}
	require.Contains(t, harness.RunLine(t, "load", "--help").Out, "counted from 0")
}

func TestResponseOfAnotherServerIsReported(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"error page of a proxy": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>", http.StatusBadGateway)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				handler(w, r)
			}))
			t.Cleanup(s.Close)
			path := harness.TextFile(t, "prompts.json", `[{"name":"a"}]`)
			got := harness.RunLine(t, "load", path, "--tenant", "acme", "--url", s.URL)
			require.Equal(t, cli.ExitRefused, got.Status)
			require.Contains(t, got.Err, "check REGISTRY_URL")
			require.Equal(t, 1, calls)
		})
	}
}

func TestRefusedConnectionIsAnError(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	got := harness.RunLine(t, "export", "--tenant", "acme", "--url", s.URL)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Contains(t, got.Err, "refused")
}
