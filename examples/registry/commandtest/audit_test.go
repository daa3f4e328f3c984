package commandtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/commands"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestAuditLogIsListedExportedAndVerified(t *testing.T) {
	t.Parallel()
	s := serve(t)
	acme := s.TenantNamed(t, "acme")
	acme.Put(t, "prompt", "p", map[string]any{})
	acme.Send(t, http.MethodDelete, harness.Resource("prompt", "p"), nil).
		HasStatus(t, http.StatusNoContent)

	listed := s.Run(t, "audit", "list", "--tenant", "acme").RequireStatus(t, cli.ExitDone)
	lines := strings.Split(strings.TrimSpace(listed.Out), "\n")
	require.Len(t, lines, 5) // the newest entry is this read by a super-admin
	require.Regexp(t, `^TIME +TENANT +ACTOR +ACTION +TARGET +OUTCOME +FROM`, lines[0])
	require.Regexp(t, `acme +platform .* audit.read +route GET .* +ok +127.0.0.1`, lines[1])
	require.Regexp(t, `acme +platform .* resource.delete +prompt p +ok +127.0.0.1`, lines[2])
	require.Contains(t, lines[4], "tenant.create")
	filtered := s.Run(t, "audit", "list", "--tenant", "acme", "--json", "--action",
		"resource.create", "--limit", "1").RequireStatus(t, cli.ExitDone)
	var entry struct{ Action string }
	require.NoError(t, json.Unmarshal([]byte(filtered.Out), &entry))
	require.Equal(t, "resource.create", entry.Action)
	require.Contains(t, s.Run(t, "audit", "list").RequireStatus(t, cli.ExitDone).Out,
		"resource.delete")

	out := s.Run(t, "audit", "verify", "--tenant", "acme").RequireStatus(t, cli.ExitDone).Out
	require.Contains(t, out, "6 entries")
	head := strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n"):])
	acme.Put(t, "prompt", "q", map[string]any{})
	var verified commands.VerifyResult
	require.NoError(t, json.Unmarshal(
		[]byte(s.Run(t, "audit", "verify", "--tenant", "acme", "--json", "--head", head).
			RequireStatus(t, cli.ExitDone).Out), &verified))
	require.Equal(t, int64(8), verified.Entries)
	forged := "2" + head[1:]
	require.Contains(t, s.Run(t, "audit", "verify", "--tenant", "acme", "--head", forged).
		RequireStatus(t, cli.ExitRefused).Err, "the log was rewritten")

	exported := s.Run(t, "audit", "export", "--tenant", "acme").RequireStatus(t, cli.ExitDone)
	require.Equal(t, 12, strings.Count(exported.Out, "\n"))
	require.Contains(t, exported.Out, `{"begin":`)
	s.Run(t, "audit", "verify", "--tenant", "nowhere").RequireStatus(t, cli.ExitRefused)
}
