package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAuditLogIsListedExportedAndVerified(t *testing.T) {
	t.Parallel()
	s := cmdServe(t)
	acme := s.tenantNamed(t, "acme")
	acme.put(t, "prompt", "p", map[string]any{})
	acme.send(t, http.MethodDelete, resource("prompt", "p"), nil).hasStatus(t, http.StatusNoContent)

	listed := s.run(t, "audit", "list", "--tenant", "acme").requireStatus(t, exitDone)
	lines := strings.Split(strings.TrimSpace(listed.out), "\n")
	require.Len(t, lines, 5) // the newest entry is this read by a super-admin
	require.Regexp(t, `^TIME +TENANT +ACTOR +ACTION +TARGET +OUTCOME +FROM`, lines[0])
	require.Regexp(t, `acme +platform .* audit.read +route GET .* +ok +127.0.0.1`, lines[1])
	require.Regexp(t, `acme +platform .* resource.delete +prompt p +ok +127.0.0.1`, lines[2])
	require.Contains(t, lines[4], "tenant.create")
	filtered := s.run(t, "audit", "list", "--tenant", "acme", "--json", "--action",
		"resource.create", "--limit", "1").requireStatus(t, exitDone)
	var entry struct{ Action string }
	require.NoError(t, json.Unmarshal([]byte(filtered.out), &entry))
	require.Equal(t, "resource.create", entry.Action)
	require.Contains(t, s.run(t, "audit", "list").requireStatus(t, exitDone).out, "resource.delete")

	out := s.run(t, "audit", "verify", "--tenant", "acme").requireStatus(t, exitDone).out
	require.Contains(t, out, "6 entries")
	head := strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n"):])
	acme.put(t, "prompt", "q", map[string]any{})
	var verified verifyResult
	require.NoError(t, json.Unmarshal(
		[]byte(s.run(t, "audit", "verify", "--tenant", "acme", "--json", "--head", head).
			requireStatus(t, exitDone).out), &verified))
	require.Equal(t, int64(8), verified.Entries)
	forged := "2" + head[1:]
	require.Contains(t, s.run(t, "audit", "verify", "--tenant", "acme", "--head", forged).
		requireStatus(t, exitRefused).err, "the log was rewritten")

	exported := s.run(t, "audit", "export", "--tenant", "acme").requireStatus(t, exitDone)
	require.Equal(t, 12, strings.Count(exported.out, "\n"))
	require.Contains(t, exported.out, `{"begin":`)
	s.run(t, "audit", "verify", "--tenant", "nowhere").requireStatus(t, exitRefused)
}
