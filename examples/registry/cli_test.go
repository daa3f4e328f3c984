package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrongUsageExitsWithTwo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"an unknown command":     {"frobnicate"},
		"an unknown flag":        {"load", "--fast", "x.json"},
		"no file":                {"load", "--tenant", "acme"},
		"a file that isn't":      {"load", "/nowhere/agents.json", "--tenant", "acme"},
		"an unknown kind":        {"load", "cli.go", "--kind", "ship"},
		"a kind for a folder":    {"load", ".", "--kind", "agent"},
		"a folder of no rows":    {"load", "schema"},
		"no tenant to export":    {"export"},
		"no tenant to import to": {"import", "cli.go"},
		"an unknown strategy":    {"import", "cli.go", "--tenant", "acme", "--strategy", "merge"},
		"a bundle that isn't":    {"import", "/nowhere/bundle.json", "--tenant", "acme"},
		"one tenant to promote":  {"promote", "staging"},
		"an address without URL": {"export", "--tenant", "acme", "--url", "registry.example.com"},
		"no tenant to verify":    {"audit", "verify"},
		"a head that isn't":      {"audit", "verify", "--tenant", "acme", "--head", "7"},
		"JSON and the bundle":    {"export", "--tenant", "acme", "--json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runLine(t, args...)
			require.Equal(t, exitUsage, got.status, got.err)
			require.Empty(t, got.out)
			require.Contains(t, got.err, "registry: ")
		})
	}
}

func TestHelpExitsWithZero(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"load", "--help"}, {"import", "--help"}} {
		got := runLine(t, args...)
		require.Equal(t, exitDone, got.status)
		require.Contains(t, got.out, "Usage: registry")
	}
	require.Contains(t, runLine(t, "load", "--help").out, "counted from 0")
}

func TestResponseOfAnotherServerIsReported(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"a proxy": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>", http.StatusBadGateway)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				answer(w, r)
			}))
			t.Cleanup(s.Close)
			got := runLine(t, "load", writeInput(t, "prompts.json", `[{"name":"a"}]`), "--tenant",
				"acme", "--url", s.URL)
			require.Equal(t, exitRefused, got.status)
			require.Contains(t, got.err, "is this its address?")
			require.Equal(t, 1, calls)
		})
	}
}

func TestRefusedConnectionIsAnError(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	got := runLine(t, "export", "--tenant", "acme", "--url", s.URL)
	require.Equal(t, exitRefused, got.status)
	require.Contains(t, got.err, "refused")
}
