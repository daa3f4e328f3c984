package commands_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestWrongUsageOfUserCommandsExitsWithTwo(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"update without changes": {"user", "update", "01900000-0000-7000-8000-000000000001"},
		"missing tenant":         {"member", "list"},
		"unknown role":           {"member", "set", "x", "owner", "--tenant", "acme"},
		"missing subcommand":     {"user"},
		"fractional expiry": {"invitation", "create", "a@example.com", "viewer", "--tenant",
			"acme", "--expires-in", "500ms"},
		"negative expiry": {"invitation", "create", "a@example.com", "viewer", "--tenant",
			"acme", "--expires-in=-1h"},
		"missing password":     {"user", "create", "a@example.com", "A", "--password"},
		"password as argument": {"user", "create", "a@example.com", "A", "--password=secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := harness.RunLine(t, args...)
			require.Equal(t, cli.ExitUsage, got.Status, got.Err)
			require.Empty(t, got.Out)
		})
	}
}

// TestPasswordIsReadFromStandardInput checks the request that the registry receives.
func TestPasswordIsReadFromStandardInput(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"correct horse battery\n": "correct horse battery", "no line end": "no line end",
		"windows\r\n":               "windows",
		" spaces stay \nand more\n": " spaces stay ", "with \"quotes\"\n": `with "quotes"`,
	} {
		var sent map[string]any
		registry := httptest.NewServer(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = json.NewDecoder(r.Body).Decode(&sent)
				_, _ = w.Write([]byte(`{"id":"1","email":"a@example.com"}`))
			}))
		got := harness.RunWithInput(t, nil, input, "user", "create", "a@example.com", "A",
			"--password", "--url", registry.URL)
		registry.Close()
		require.Equal(t, cli.ExitDone, got.Status, got.Err)
		require.Equal(t, want, sent["password"])
		require.NotContains(t, got.Out+got.Err, want)
	}
}

func TestUserListReplacesControlCharacters(t *testing.T) {
	t.Parallel()
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(
			`{"items":[{"id":"1","email":"a@example.com","name":"\u001b[2J\u202eevil\nname\t"}]}`))
	}))
	defer registry.Close()
	got := harness.RunLine(t, "user", "list", "--url", registry.URL)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.NotContains(t, got.Out, "\x1b")
	require.NotContains(t, got.Out, "\u202e")
	require.Equal(t, 2, strings.Count(got.Out, "\n"))
}
