package adopttest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// unfitNames are names that no item can be created with.
var unfitNames = []string{"", " lead", "trail ", "a\tb", "two\nlines", strings.Repeat("n", 300)}

func TestUnfitNamesAreListedReadAndDeleted(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	db := connect(t, url)
	for _, name := range unfitNames {
		_, err := db.NewRaw("INSERT INTO prompts (name) VALUES (?)", name).Exec(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	require.NoError(t, postgres.MigrateUp(t.Context(), adoptionOptions(t, url, true),
		fastMigration(adoption.Contract)))
	s := harness.Serve(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	c := s.Platform()
	c.Tenant = "default"
	for _, limit := range []string{"1", "3", "1000"} {
		require.Subset(t, c.Names(t, "/api/v1/prompts", map[string][]string{"limit": {limit}}),
			unfitNames)
	}
	for _, name := range unfitNames {
		path := "/api/v1/prompts/" + pathOf(name)
		c.Get(t, path).HasStatus(t, http.StatusOK)
		c.Send(t, http.MethodPut, path, map[string]any{"spec": map[string]any{}}).
			IsProblem(t, http.StatusUnprocessableEntity, "invalid")
		c.Send(t, http.MethodDelete, path, nil).HasStatus(t, http.StatusNoContent)
		c.Get(t, path).IsProblem(t, http.StatusNotFound, "not_found")
	}
	c.Get(t, "/api/v1/prompts/%00").IsProblem(t, http.StatusNotFound, "not_found")
}

func pathOf(name string) string { return url.PathEscape(name) }
