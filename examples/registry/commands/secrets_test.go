package commands_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// secretServer answers the list of secrets and keeps the last other request.
type secretServer struct {
	list string
	call string
	body map[string]string
}

func (s *secretServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_, _ = w.Write([]byte(s.list))
		return
	}
	s.call = r.Method + " " + r.URL.EscapedPath()
	_ = json.NewDecoder(r.Body).Decode(&s.body)
	w.WriteHeader(http.StatusNoContent)
}

func newSecretServer(t *testing.T, list string) (s *secretServer, flags []string) {
	t.Helper()
	s = &secretServer{list: list}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, []string{"--tenant", "acme", "--url", server.URL}
}

func TestValueOfASecretIsReadFromInputOrAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "value")
	for _, c := range []struct {
		input, want string
		flags       []string
	}{
		{"canary\n", "canary", nil}, {"canary", "canary", nil}, {"canary\r\n", "canary", nil},
		{"a\ncanary\n\n", "a\ncanary\n", nil}, {" canary ", " canary ", nil},
		{"canary\n", "canary\n", []string{"--from-file", "-"}},
		{"canary of a file\n", "canary of a file\n", []string{"--from-file", file}},
	} {
		require.NoError(t, os.WriteFile(file, []byte(c.input), 0o600))
		s, flags := newSecretServer(t, "")
		got := harness.RunWithInput(t, nil, c.input,
			append(append([]string{"secret", "set", "a/b c"}, flags...), c.flags...)...)
		require.Equal(t, cli.ExitDone, got.Status, got.Err)
		require.Equal(t, "PUT /api/v1/tenants/acme/secrets/a%2Fb%20c", s.call)
		require.Equal(t, map[string]string{"value": c.want}, s.body)
		require.NotContains(t, got.Out+got.Err, "canary")
	}
}

func TestUnusableValueOfASecretIsWrongUsage(t *testing.T) {
	t.Parallel()
	for name, input := range map[string]string{"empty": "", "line end only": "\n",
		"not UTF-8": "\xff\x00", "too long": strings.Repeat("x", 1<<20+1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, flags := newSecretServer(t, "")
			got := harness.RunWithInput(t, nil, input, append([]string{"secret", "set", "s"}, flags...)...)
			require.Equal(t, cli.ExitUsage, got.Status, got.Err)
			require.Empty(t, s.call)
		})
	}
	got := harness.RunLine(t, "secret", "set", "s", "value as argument", "--tenant", "acme")
	require.Equal(t, cli.ExitUsage, got.Status)
	got = harness.RunLine(t, "secret", "set", "s", "--from-file", "none", "--tenant", "acme")
	require.Equal(t, cli.ExitUsage, got.Status)
}

func TestSecretIsUnset(t *testing.T) {
	t.Parallel()
	s, flags := newSecretServer(t, "")
	got := harness.RunLine(t, append([]string{"secret", "unset", "s", "--json"}, flags...)...)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, "DELETE /api/v1/tenants/acme/secrets/s", s.call)
	require.JSONEq(t, `{"unset":"s"}`, got.Out)
}

func TestSecretsAreListedWithTheirUses(t *testing.T) {
	t.Parallel()
	_, flags := newSecretServer(t, `{"items":[{"name":"a","set":false,"more":true,"used_by":[
		{"kind":"model_config","name":"gpt","path":"/spec/api_key"},
		{"kind":"model_config","name":"x\u001b","path":"/spec/api_key"}]},
		{"name":"b","set":true,"updated_at":"2026-12-01T00:00:00.000000Z","used_by":[]}]}`)
	list := append([]string{"secret", "list"}, flags...)
	got := harness.RunLine(t, list...)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	for _, want := range []string{"model_config gpt /spec/api_key", "and more", "false", "true",
		"2026-12-01T00:00:00.000000Z"} {
		require.Contains(t, got.Out, want)
	}
	require.NotContains(t, got.Out, "\x1b")

	got = harness.RunLine(t, append(list, "--missing", "--json")...)
	require.Equal(t, cli.ExitRefused, got.Status, got.Err)
	var shown []struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(got.Out), &shown))
	require.Len(t, shown, 1)
	require.Equal(t, "a", shown[0].Name)

	_, flags = newSecretServer(t, `{"items":[{"name":"b","set":true,"used_by":[]}]}`)
	got = harness.RunLine(t, append([]string{"secret", "list", "--missing", "--json"}, flags...)...)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.JSONEq(t, `[]`, got.Out)
}
