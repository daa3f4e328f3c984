package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPurgeKeepsAdoptedRowsOfDefaultTenant(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	db := connect(t, url)
	before := checksums(t, db)
	require.NoError(t, db.Close())
	requireContracts(t, url)
	s := serveWith(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	acme := s.tenantNamed(t, "acme")
	acme.put(t, "prompt", "p", map[string]any{"template": "t"})
	acme.put(t, "agent", "a", map[string]any{"prompts": []string{"p"}})
	acme.put(t, "trust_rule", "r", map[string]any{"effect": "allow", "workspace": "w",
		"subject": map[string]string{"kind": "agent", "name": "a"}})
	require.Equal(t, http.StatusNoContent,
		s.platform().send(t, http.MethodDelete, "/api/v1/tenants/acme", nil).status)
	purged := s.platform().send(t, http.MethodPost, "/api/v1/tenants/acme/purge",
		map[string]string{"confirm": "acme"}).hasStatus(t, http.StatusOK)
	rows := decode[struct{ Rows map[string]int64 }](t, purged).Rows
	for _, table := range []string{"public.prompts", "public.agents", "public.agent_prompts",
		"public.trust_rules", "public.workspaces", "public.registry_defaults"} {
		require.EqualValues(t, 1, rows[table], table)
	}
	db = connect(t, url)
	require.Equal(t, before, checksums(t, db))
}
