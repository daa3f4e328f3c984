package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// commandResult is the output and the exit status of a command.
type commandResult struct {
	status   int
	out, err string
}

// runWith runs one command line with these settings.
func runWith(t *testing.T, set map[string]string, args ...string) commandResult {
	t.Helper()
	return runWithInput(t, set, "", args...)
}

// runWithInput runs one command line with these settings and a text on standard input.
// The empty text is no input.
func runWithInput(
	t *testing.T, set map[string]string, input string, args ...string,
) commandResult {
	t.Helper()
	var out, errs bytes.Buffer
	term := terminal{out: &out, err: &errs,
		getenv: func(name string) string { return set[name] }}
	if input != "" {
		term.in = strings.NewReader(input)
	}
	status := run(t.Context(), args, term)
	return commandResult{status: status, out: out.String(), err: errs.String()}
}

// runLine runs one command line with the token of [fakeRegistry] in its environment.
func runLine(t *testing.T, args ...string) commandResult {
	t.Helper()
	return runWith(t, map[string]string{"REGISTRY_TOKEN": "sesame"}, args...)
}

// run runs a client command on the registry with the platform token.
func (s *testServer) run(t *testing.T, args ...string) commandResult {
	t.Helper()
	return s.runWithInput(t, "", args...)
}

// runWithInput is run with a text on standard input.
func (s *testServer) runWithInput(t *testing.T, input string, args ...string) commandResult {
	t.Helper()
	return runWithInput(t, map[string]string{"REGISTRY_TOKEN": platform}, input,
		append(args, "--url", s.url)...)
}

// requireStatus requires this exit status.
func (e commandResult) requireStatus(t *testing.T, status int) commandResult {
	t.Helper()
	if e.status != status {
		t.Fatalf("want the exit status %d, got %d\n%s%s", status, e.status, e.out, e.err)
	}
	return e
}

// decodeOutput decodes the output of a command with --json.
func decodeOutput[T any](t *testing.T, e commandResult) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(e.requireStatus(t, exitDone).out), &v); err != nil {
		t.Fatalf("%v\n%s", err, e.out)
	}
	return v
}

// migrateDatabase creates the registry's schema in an empty database. It fits
// pgtest.Template.
func migrateDatabase(t *testing.T) func(databaseURL string) error {
	return func(databaseURL string) error {
		set := map[string]string{"DATABASE_URL": databaseURL, "MULTI_TENANT": "true",
			"SECRETS_KEY": secretsKey, "DATA_DIR": t.TempDir()}
		got := runWith(t, set, "migrate", "up").requireStatus(t, exitDone)
		if got.out != "The schema is current.\n" {
			t.Fatalf("migrate up: %s%s", got.out, got.err)
		}
		return nil
	}
}

// jsonFile writes a value to a file of this name in a new directory.
func jsonFile(t *testing.T, name string, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	requireNoError(t, err)
	return textFile(t, name, string(raw))
}

// textFile writes a text to a file of this name in a new directory.
func textFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	requireNoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
