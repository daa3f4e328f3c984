package apitest

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestTenancyOffServesDefaultTenant(t *testing.T) {
	t.Parallel()
	s := harness.Serve(t, map[string]string{"DATABASE_URL": pgtest.Database(t)})
	c := s.Platform()
	createSamples(t, c)
	agents := []string{"base", "chain-1", "chain-2", "itself"}
	require.Equal(t, agents, c.Names(t, "/api/v1/agents", url.Values{}))

	t.Run("host and header are ignored", func(t *testing.T) {
		for _, tenant := range []string{"default", "nowhere", "NO SLUG", tenancy.NewID().String()} {
			for _, host := range []string{"", "nowhere.localhost", "www.example.com"} {
				c := harness.Caller{Server: s, Token: harness.Platform, Tenant: tenant, Host: host}
				require.Equal(t, agents, c.Names(t, "/api/v1/agents", url.Values{}))
			}
		}
	})

	t.Run("path accepts only the default tenant", func(t *testing.T) {
		c.Tenant = "default"
		bundle := c.Export(t)
		require.Equal(t, sampleCount, readBundle(t, bundle).Count)
		require.Equal(t, map[string]int{"unchanged": sampleCount},
			readReport(t, c.ImportBundle(t, bundle, "").HasStatus(t, http.StatusOK)).Counts)
		c.Get(t, "/api/v1/tenants/nowhere/export").
			IsProblem(t, http.StatusNotFound, "tenant_not_found")
		c.Get(t, "/api/v1/tenants/"+tenancy.DefaultID.String()+"/export").
			HasStatus(t, http.StatusOK)
		require.Equal(t, []string{"Default"}, c.Names(t, "/api/v1/tenants", url.Values{}))
	})

	t.Run("tenants can't be created or deleted", func(t *testing.T) {
		c.Send(t, http.MethodPost, "/api/v1/tenants", `{"slug":"other","name":"O"}`).
			IsProblem(t, http.StatusConflict, "invalid_state")
		c.Send(t, http.MethodDelete, "/api/v1/tenants/default", nil).
			IsProblem(t, http.StatusConflict, "invalid_state")
	})

	t.Run("credentials are required", func(t *testing.T) {
		harness.Caller{Server: s}.Get(t, "/api/v1/agents").
			IsProblem(t, http.StatusUnauthorized, "unauthenticated")
		admin := harness.Caller{Server: s, Token: harness.Platform, Tenant: "default"}
		key := admin.Key(t, tenancy.Viewer)
		require.Equal(t, agents, key.Names(t, "/api/v1/agents", url.Values{}))
		key.Send(t, http.MethodPut, harness.Resource("prompt", "p"), `{"spec":{}}`).
			IsProblem(t, http.StatusForbidden, "forbidden")
	})

	t.Run("load command needs no tenant", func(t *testing.T) {
		s.Run(t, "load", harness.TextFile(t, "prompts.json", `[{"name":"loaded","template":"t"}]`)).
			RequireStatus(t, cli.ExitDone)
		require.Equal(t, "t", c.Spec(t, "prompt", "loaded")["template"])
		out := s.Run(t, "export", "--tenant", "default", "--kind", "prompt").
			RequireStatus(t, cli.ExitDone)
		require.Equal(t, 4, readBundle(t, []byte(out.Out)).Count)
	})
}

// A bundle of a registry with tenancy off can be imported with tenancy on.
func TestBundleMovesFromSingleTenantToMultiTenantRegistry(t *testing.T) {
	t.Parallel()
	single := harness.Serve(t, map[string]string{"DATABASE_URL": pgtest.Database(t)})
	from := single.Platform()
	createSamples(t, from)
	from.Tenant = "default"
	to := serve(t).Tenant(t)
	to.ImportBundle(t, from.Export(t), "").HasStatus(t, http.StatusOK)
	a, b := readBundle(t, from.Export(t)), readBundle(t, to.Export(t))
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
			s := harness.Serve(t, map[string]string{"DATABASE_URL": database,
				"MULTI_TENANT": multiTenant})
			c := s.Platform()
			c.Tenant = "default"
			if i == 0 {
				createSamples(t, c)
			}
			exports = append(exports, c.Export(t))
			require.Equal(t, string(exports[0]), string(exports[i]))
		})
	}
}

// With tenancy off, no caller could access the rows of other tenants.
func TestTenancyOffIsRefusedWhileOtherTenantsHaveRows(t *testing.T) {
	t.Parallel()
	database := migratedDatabase(t)
	harness.Serve(t, map[string]string{"DATABASE_URL": database, "MULTI_TENANT": "true"}).Tenant(t)
	set := map[string]string{"DATABASE_URL": database, "ADDR": "127.0.0.1:0",
		"DATA_DIR": t.TempDir(), "SECRETS_KEY": harness.SecretsKey}
	result := harness.Run(t, set, "serve").RequireStatus(t, cli.ExitRefused)
	require.Contains(t, result.Err, "other tenants than default have rows")
	require.NotContains(t, result.Err, "migrate up")
}
