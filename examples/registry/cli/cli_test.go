package cli_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
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
			"--strategy", "replace"},
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
	got := harness.RunLine(t, "export", "--tenant", "acme", "--url", s.URL, "--wait", "0s")
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Contains(t, got.Err, "refused")
	require.NotContains(t, got.Err, "waiting")
}

func TestVersionIsPrinted(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--version"}, {"version"}} {
		got := harness.RunLine(t, args...)
		require.Equal(t, cli.ExitDone, got.Status, got.Err)
		require.Regexp(t, `^registry \S+, go1\.\d+`, got.Out)
	}
	require.Contains(t, harness.RunLine(t, "version", "--json").Out, `"go":"go1.`)
}

// lostOutput is a standard output that can't be written, such as that of a full disk.
type lostOutput struct{}

func (lostOutput) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestLostOutputIsAnError(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"version"}, {"version", "--json"}} {
		var errs bytes.Buffer
		status := cli.Run(t.Context(), args, terminal.Terminal{Out: lostOutput{}, Err: &errs,
			Getenv: func(string) string { return "" }})
		require.Equal(t, cli.ExitRefused, status, args)
		require.Contains(t, errs.String(), "writing standard output: no space left on device")
	}
}

func TestTokenThatNoTokenCanBeIsNotSent(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{"line break": "se\nsame", "space": "se same",
		"other script": "sésame", "tab": "se\tsame"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := harness.Run(t, map[string]string{"REGISTRY_TOKEN": token}, "tenant", "list")
			require.Equal(t, cli.ExitUsage, got.Status)
			require.Contains(t, got.Err, "REGISTRY_TOKEN")
			require.NotContains(t, got.Err, "REGISTRY_URL")
			require.NotContains(t, got.Err, token)
		})
	}
}

func TestSpaceAroundTokenIsRemoved(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{}
	got := harness.Run(t, map[string]string{"REGISTRY_TOKEN": " sesame\r\n"}, "tenant", "show",
		"acme", "--url", registry.Start(t))
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, "Bearer sesame", registry.Headers[0].Get("Authorization"))
}
