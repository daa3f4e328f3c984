package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestTenancyOffServesDefaultTenant(t *testing.T) {
	t.Parallel()
	s := serveWith(t, map[string]string{"DATABASE_URL": pgtest.Database(t)})
	c := s.platform()
	createSamples(t, c)
	agents := []string{"base", "chain-1", "chain-2", "itself"}
	require.Equal(t, agents, c.names(t, "/api/v1/agents", url.Values{}))

	t.Run("host and header are ignored", func(t *testing.T) {
		for _, tenant := range []string{"default", "nowhere", "NO SLUG", tenancy.NewID().String()} {
			for _, host := range []string{"", "nowhere.localhost", "www.example.com"} {
				require.Equal(t, agents, caller{server: s, token: platform, tenant: tenant,
					host: host}.names(t, "/api/v1/agents", url.Values{}))
			}
		}
	})

	t.Run("path accepts only the default tenant", func(t *testing.T) {
		c.tenant = "default"
		bundle := c.export(t)
		require.Equal(t, sampleCount, readBundle(t, bundle).Count)
		require.Equal(t, map[string]int{"unchanged": sampleCount},
			readReport(t, c.importBundle(t, bundle, "").hasStatus(t, http.StatusOK)).Counts)
		c.get(t, "/api/v1/tenants/nowhere/export").
			isProblem(t, http.StatusNotFound, "tenant_not_found")
		c.get(t, "/api/v1/tenants/"+tenancy.DefaultID.String()+"/export").
			hasStatus(t, http.StatusOK)
		require.Equal(t, []string{"Default"}, c.names(t, "/api/v1/tenants", url.Values{}))
	})

	t.Run("tenants can't be created or deleted", func(t *testing.T) {
		c.send(t, http.MethodPost, "/api/v1/tenants", `{"slug":"other","name":"O"}`).
			isProblem(t, http.StatusConflict, "invalid_state")
		c.send(t, http.MethodDelete, "/api/v1/tenants/default", nil).
			isProblem(t, http.StatusConflict, "invalid_state")
	})

	t.Run("credentials are required", func(t *testing.T) {
		caller{server: s}.get(t, "/api/v1/agents").
			isProblem(t, http.StatusUnauthorized, "unauthenticated")
		key := caller{server: s, token: platform, tenant: "default"}.key(t, tenancy.Viewer)
		require.Equal(t, agents, key.names(t, "/api/v1/agents", url.Values{}))
		key.send(t, http.MethodPut, resource("prompt", "p"), `{"spec":{}}`).
			isProblem(t, http.StatusForbidden, "forbidden")
	})

	t.Run("load command needs no tenant", func(t *testing.T) {
		s.run(t, "load", textFile(t, "prompts.json", `[{"name":"loaded","template":"t"}]`)).
			requireStatus(t, exitDone)
		require.Equal(t, "t", c.spec(t, "prompt", "loaded")["template"])
		out := s.run(t, "export", "--tenant", "default", "--kind", "prompt").
			requireStatus(t, exitDone)
		require.Equal(t, 4, readBundle(t, []byte(out.out)).Count)
	})
}

// A bundle of a registry with tenancy off can be imported with tenancy on.
func TestBundleMovesFromSingleTenantToMultiTenantRegistry(t *testing.T) {
	t.Parallel()
	single := serveWith(t, map[string]string{"DATABASE_URL": pgtest.Database(t)})
	from := single.platform()
	createSamples(t, from)
	from.tenant = "default"
	to := serve(t).tenant(t)
	to.importBundle(t, from.export(t), "").hasStatus(t, http.StatusOK)
	a, b := readBundle(t, from.export(t)), readBundle(t, to.export(t))
	require.Equal(t, a.Items, b.Items)
	require.Equal(t, a.Digest, b.Digest)
	require.NotEqual(t, a.Source.Instance, b.Source.Instance)
}

// Turning tenancy on and off doesn't change the default tenant's data.
func TestTenancyCanBeTurnedOnAndOff(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	var exports [][]byte
	for i, multiTenant := range []string{"", "true", "", "true"} {
		t.Run("MULTI_TENANT="+multiTenant, func(t *testing.T) {
			s := serveWith(t, map[string]string{"DATABASE_URL": database,
				"MULTI_TENANT": multiTenant})
			c := s.platform()
			c.tenant = "default"
			if i == 0 {
				createSamples(t, c)
			}
			exports = append(exports, c.export(t))
			require.Equal(t, string(exports[0]), string(exports[i]))
		})
	}
}

// With tenancy off, no caller could access the rows of other tenants.
func TestTenancyOffIsRefusedWhileOtherTenantsHaveRows(t *testing.T) {
	t.Parallel()
	database := migratedDatabase(t)
	serveWith(t, map[string]string{"DATABASE_URL": database, "MULTI_TENANT": "true"}).tenant(t)
	set := map[string]string{"DATABASE_URL": database, "ADDR": "127.0.0.1:0",
		"DATA_DIR": t.TempDir(), "SECRETS_KEY": secretsKey}
	result := runWith(t, set, "serve").requireStatus(t, exitRefused)
	require.Contains(t, result.err, "other tenants than default have rows")
	require.NotContains(t, result.err, "migrate up")
}
