package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandLineManagesTenantsAndKeys(t *testing.T) {
	t.Parallel()
	s := cmdServe(t)
	out := s.run(t, "tenant", "create", "acme", "--name", "Acme", "--settings", `{"a":1}`,
		"--quota", "agent=2", "--quota", "prompt=3").requireStatus(t, exitDone).out
	require.Regexp(t, `(?m)^SLUG +acme$`, out)
	require.Regexp(t, `(?m)^QUOTAS +agent=2, prompt=3$`, out)
	require.Contains(t, s.run(t, "tenant", "create", "acme").requireStatus(t, exitRefused).err,
		"slug_taken")

	out = s.run(t, "tenant", "update", "acme", "--requests-per-second", "1000").
		requireStatus(t, exitDone).
		out
	require.Regexp(t, `(?m)^QUOTAS +1000 requests/s$`, out)
	require.Regexp(t, `(?m)^SETTINGS +{"a":1}$`, out)
	require.Regexp(t, `(?m)^QUOTAS +-$`, s.run(t, "tenant", "update", "acme", "--no-quotas").
		requireStatus(t, exitDone).out)
	require.Regexp(t, `(?m)^STATE +suspended$`,
		s.run(t, "tenant", "suspend", "acme").requireStatus(t, exitDone).out)
	require.Regexp(t, `(?m)^acme +Acme +suspended +- `,
		s.run(t, "tenant", "list").requireStatus(t, exitDone).out)
	require.Regexp(t, `(?m)^STATE +active$`,
		s.run(t, "tenant", "activate", "acme").requireStatus(t, exitDone).out)

	secret := strings.TrimSpace(s.run(t, "key", "create", "ci", "--role", "viewer", "--tenant",
		"acme").requireStatus(t, exitDone).out)
	require.Regexp(t, `^bwk_\S{40}$`, secret)
	var keys []struct{ ID, Prefix string }
	require.NoError(t, json.Unmarshal([]byte(s.run(t, "key", "list", "--tenant", "acme", "--json").
		requireStatus(t, exitDone).out), &keys))
	require.Len(t, keys, 1)
	require.Equal(t, secret[:12], keys[0].Prefix)
	newSecret := strings.TrimSpace(s.run(t, "key", "rotate", keys[0].ID, "--tenant", "acme",
		"--overlap",
		"0s").requireStatus(t, exitDone).out)
	require.Equal(t, http.StatusUnauthorized,
		caller{server: s, token: secret}.send(t, http.MethodGet, "/api/v1/me", nil).status)
	require.Equal(t, http.StatusOK,
		caller{server: s, token: newSecret}.send(t, http.MethodGet, "/api/v1/me", nil).status)
	list := s.run(t, "key", "list", "--tenant", "acme").requireStatus(t, exitDone).out
	require.Regexp(t, `(?m)^ci +viewer +`+secret[:12]+` `, list)
	require.Equal(t, 3, strings.Count(list, "\n"))
	require.Contains(t, s.run(t, "key", "revoke", keys[0].ID, "--tenant", "acme").
		requireStatus(t, exitDone).out, "is revoked")
	require.Contains(t, s.run(t, "key", "revoke", keys[0].ID, "--tenant", "acme").
		requireStatus(t, exitRefused).err, "not_found")

	require.Contains(t, s.run(t, "tenant", "purge", "acme", "--confirm", "acme").
		requireStatus(t, exitRefused).err, "invalid_state")
	require.Regexp(t, `(?m)^STATE +deleted$`,
		s.run(t, "tenant", "delete", "acme").requireStatus(t, exitDone).out)
	require.Regexp(t, `(?m)^STATE +active$`,
		s.run(t, "tenant", "restore", "acme").requireStatus(t, exitDone).out)
	s.run(t, "tenant", "delete", "acme").requireStatus(t, exitDone)
	require.Contains(t, s.run(t, "tenant", "purge", "acme").requireStatus(t, exitUsage).err,
		"--confirm SLUG")
	require.Contains(t, s.run(t, "tenant", "purge", "acme", "--confirm", "acmee").
		requireStatus(t, exitRefused).err, "/confirm")
	out = s.runWithInput(t, "acme\n", "tenant", "purge", "acme").requireStatus(t, exitDone).out
	require.Regexp(t, `(?m)^bailiwick.api_keys +1$`, out)
	require.Regexp(t, `(?m)^sha256:[0-9a-f]{64}$`, out)
	require.Contains(t, s.run(t, "tenant", "show", "acme").requireStatus(t, exitRefused).err,
		"tenant_not_found")
	require.NotContains(t, s.run(t, "tenant", "list", "--json").requireStatus(t, exitDone).out,
		"acme")
}
