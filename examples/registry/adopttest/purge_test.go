package adopttest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestPurgeKeepsAdoptedRowsOfDefaultTenant(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	db := connect(t, url)
	before := checksums(t, db)
	require.NoError(t, db.Close())
	requireContracts(t, url)
	s := harness.Serve(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	db = connect(t, url)
	served := checksums(t, db)
	before["model_configs"] = served["model_configs"] // a start moves their keys into the vault
	require.Equal(t, before, served)
	acme := s.TenantNamed(t, "acme")
	acme.Put(t, "prompt", "p", map[string]any{"template": "t"})
	acme.Put(t, "agent", "a", map[string]any{"prompts": []string{"p"}})
	acme.Put(t, "trust_rule", "r", map[string]any{"effect": "allow", "workspace": "w",
		"subject": map[string]string{"kind": "agent", "name": "a"}})
	require.Equal(t, http.StatusNoContent,
		s.Platform().Send(t, http.MethodDelete, "/api/v1/tenants/acme", nil).Status)
	purged := s.Platform().Send(t, http.MethodPost, "/api/v1/tenants/acme/purge",
		map[string]string{"confirm": "acme"}).HasStatus(t, http.StatusOK)
	rows := harness.Decode[struct{ Rows map[string]int64 }](t, purged).Rows
	for _, table := range []string{"public.prompts", "public.agents", "public.agent_prompts",
		"public.trust_rules", "public.workspaces", "public.registry_defaults"} {
		require.EqualValues(t, 1, rows[table], table)
	}
	require.Equal(t, served, checksums(t, db))
}
