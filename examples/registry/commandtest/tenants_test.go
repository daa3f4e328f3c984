package commandtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestCommandLineManagesTenantsAndKeys(t *testing.T) {
	t.Parallel()
	s := serve(t)
	out := s.Run(t, "tenant", "create", "acme", "--name", "Acme", "--settings", `{"a":1}`,
		"--quota", "agent=2", "--quota", "prompt=3").RequireStatus(t, cli.ExitDone).Out
	require.Regexp(t, `(?m)^SLUG +acme$`, out)
	require.Regexp(t, `(?m)^QUOTAS +agent=2, prompt=3$`, out)
	require.Contains(t, s.Run(t, "tenant", "create", "acme").RequireStatus(t, cli.ExitRefused).Err,
		"slug_taken")

	out = s.Run(t, "tenant", "update", "acme", "--requests-per-second", "1000").
		RequireStatus(t, cli.ExitDone).
		Out
	require.Regexp(t, `(?m)^QUOTAS +agent=2, prompt=3, 1000 requests/s$`, out)
	require.Regexp(t, `(?m)^SETTINGS +{"a":1}$`, out)
	require.Regexp(t, `(?m)^QUOTAS +-$`, s.Run(t, "tenant", "update", "acme", "--no-quotas").
		RequireStatus(t, cli.ExitDone).Out)
	require.Regexp(t, `(?m)^STATE +suspended$`,
		s.Run(t, "tenant", "suspend", "acme").RequireStatus(t, cli.ExitDone).Out)
	require.Regexp(t, `(?m)^acme +Acme +suspended +- `,
		s.Run(t, "tenant", "list").RequireStatus(t, cli.ExitDone).Out)
	require.Regexp(t, `(?m)^STATE +active$`,
		s.Run(t, "tenant", "activate", "acme").RequireStatus(t, cli.ExitDone).Out)

	secret := strings.TrimSpace(s.Run(t, "key", "create", "ci", "--role", "viewer", "--tenant",
		"acme").RequireStatus(t, cli.ExitDone).Out)
	require.Regexp(t, `^bwk_\S{40}$`, secret)
	var keys []struct{ ID, Prefix string }
	require.NoError(t, json.Unmarshal([]byte(s.Run(t, "key", "list", "--tenant", "acme", "--json").
		RequireStatus(t, cli.ExitDone).Out), &keys))
	require.Len(t, keys, 1)
	require.Equal(t, secret[:12], keys[0].Prefix)
	newSecret := strings.TrimSpace(s.Run(t, "key", "rotate", keys[0].ID, "--tenant", "acme",
		"--overlap",
		"0s").RequireStatus(t, cli.ExitDone).Out)
	harness.Caller{Server: s, Token: secret}.Get(t, "/api/v1/me").
		HasStatus(t, http.StatusUnauthorized)
	harness.Caller{Server: s, Token: newSecret}.Get(t, "/api/v1/me").HasStatus(t, http.StatusOK)
	list := s.Run(t, "key", "list", "--tenant", "acme").RequireStatus(t, cli.ExitDone).Out
	require.Regexp(t, `(?m)^ci +viewer +`+secret[:12]+` `, list)
	require.Equal(t, 3, strings.Count(list, "\n"))
	require.Contains(t, s.Run(t, "key", "revoke", keys[0].ID, "--tenant", "acme").
		RequireStatus(t, cli.ExitDone).Out, "is revoked")
	require.Contains(t, s.Run(t, "key", "revoke", keys[0].ID, "--tenant", "acme").
		RequireStatus(t, cli.ExitRefused).Err, "not_found")

	require.Contains(t, s.Run(t, "tenant", "purge", "acme", "--confirm", "acme").
		RequireStatus(t, cli.ExitRefused).Err, "invalid_state")
	require.Regexp(t, `(?m)^STATE +deleted$`,
		s.Run(t, "tenant", "delete", "acme").RequireStatus(t, cli.ExitDone).Out)
	require.Regexp(t, `(?m)^STATE +active$`,
		s.Run(t, "tenant", "restore", "acme").RequireStatus(t, cli.ExitDone).Out)
	s.Run(t, "tenant", "delete", "acme").RequireStatus(t, cli.ExitDone)
	require.Contains(t, s.Run(t, "tenant", "purge", "acme").RequireStatus(t, cli.ExitUsage).Err,
		"--confirm SLUG")
	require.Contains(t, s.Run(t, "tenant", "purge", "acme", "--confirm", "acmee").
		RequireStatus(t, cli.ExitRefused).Err, "/confirm")
	out = s.RunWithInput(t, "acme\n", "tenant", "purge", "acme").RequireStatus(t, cli.ExitDone).Out
	require.Regexp(t, `(?m)^bailiwick.api_keys +1$`, out)
	require.Regexp(t, `(?m)^sha256:[0-9a-f]{64}$`, out)
	require.Contains(t, s.Run(t, "tenant", "show", "acme").RequireStatus(t, cli.ExitRefused).Err,
		"tenant_not_found")
	require.NotContains(t, s.Run(t, "tenant", "list", "--json").RequireStatus(t, cli.ExitDone).Out,
		"acme")
}
