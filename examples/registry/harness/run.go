package harness

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// Result is the output and the exit status of a command.
type Result struct {
	Status int
	Out    string // standard output
	Err    string // standard error
}

// Run runs one command line with these settings, in the test's process.
func Run(t testing.TB, set map[string]string, args ...string) Result {
	t.Helper()
	return RunWithInput(t, set, "", args...)
}

// RunWithInput runs one command line with these settings and a text on standard input.
// The empty text is no input.
func RunWithInput(t testing.TB, set map[string]string, input string, args ...string) Result {
	t.Helper()
	var out, errs bytes.Buffer
	term := terminal.Terminal{Out: &out, Err: &errs,
		Getenv: getenv(set)}
	if input != "" {
		term.In = strings.NewReader(input)
	}
	status := cli.Run(t.Context(), args, term)
	return Result{Status: status, Out: out.String(), Err: errs.String()}
}

// RunLine runs one command line with the token of [FakeRegistry] in its environment.
func RunLine(t testing.TB, args ...string) Result {
	t.Helper()
	return Run(t, map[string]string{"REGISTRY_TOKEN": "sesame"}, args...)
}

// Run runs a client command on the registry with the platform token.
func (s *Server) Run(t testing.TB, args ...string) Result {
	t.Helper()
	return s.RunWithInput(t, "", args...)
}

// RunWithInput is [Server.Run] with a text on standard input.
func (s *Server) RunWithInput(t testing.TB, input string, args ...string) Result {
	t.Helper()
	return RunWithInput(t, map[string]string{"REGISTRY_TOKEN": Platform}, input,
		append(args, "--url", s.URL)...)
}

// RequireStatus requires this exit status.
func (r Result) RequireStatus(t testing.TB, status int) Result {
	t.Helper()
	if r.Status != status {
		t.Fatalf("want the exit status %d, got %d\n%s%s", status, r.Status, r.Out, r.Err)
	}
	return r
}

// DecodeOutput decodes the output of a command with --json.
func DecodeOutput[T any](t testing.TB, r Result) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.RequireStatus(t, cli.ExitDone).Out), &v); err != nil {
		t.Fatalf("%v\n%s", err, r.Out)
	}
	return v
}

// MigrateDatabase creates the registry's schema in an empty database. It fits
// pgtest.Template.
func MigrateDatabase(t testing.TB) func(databaseURL string) error {
	return func(databaseURL string) error {
		set := map[string]string{"DATABASE_URL": databaseURL, "MULTI_TENANT": "true",
			"SECRETS_KEY": SecretsKey, "DATA_DIR": t.TempDir()}
		got := Run(t, set, "migrate", "up").RequireStatus(t, cli.ExitDone)
		if got.Out != "The schema is current.\n" {
			t.Fatalf("migrate up: %s%s", got.Out, got.Err)
		}
		return nil
	}
}

// JSONFile writes a value to a file of this name in a new directory.
func JSONFile(t testing.TB, name string, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	requireNoError(t, err)
	return TextFile(t, name, string(raw))
}

// TextFile writes a text to a file of this name in a new directory.
func TextFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	requireNoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
