package cataloguetest

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// restored returns what the platform's audit log says that starts have restored.
func restored(t *testing.T, o postgres.Options) []string {
	t.Helper()
	found, err := fixture.Strings(fixture.Superuser(t, o.URL).QueryContext(t.Context(),
		"SELECT text::jsonb #>> '{details,objects}' FROM bailiwick.audit"+
			" WHERE action = 'rowsecurity.restore' ORDER BY seq"))
	require.NoError(t, err)
	return found
}

func TestStartThatRestoresAWallWarnsAndRecordsIt(t *testing.T) {
	t.Parallel()
	for statement, object := range map[string]string{
		"ALTER TABLE widgets DISABLE ROW LEVEL SECURITY":             "public.widgets: row security was off",
		"ALTER TABLE widget_parts NO FORCE ROW LEVEL SECURITY":       "public.widget_parts: row security wasn't forced",
		"DROP POLICY bailiwick_tenant ON makers":                     "public.makers: the policy was missing",
		"ALTER POLICY bailiwick_tenant ON parts USING (true)":        "public.parts: the policy was changed",
		"ALTER TABLE makers DISABLE TRIGGER bailiwick_quota":         "public.makers: a trigger was disabled",
		"REVOKE SELECT ON bailiwick.tenants FROM bailiwick_app":      "bailiwick.tenants",
		"REVOKE USAGE ON SCHEMA bailiwick_search FROM bailiwick_app": "bailiwick_search",
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			o := fixture.Options(fixture.MigratedURL(t, true), true)
			require.Empty(t, restored(t, o), "the first creation restores nothing")
			fixture.Exec(t, fixture.Superuser(t, o.URL), statement)
			var log bytes.Buffer
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			fixture.Open(t, o)
			require.Contains(t, log.String(), "level=WARN")
			require.Contains(t, log.String(), object)
			found := restored(t, o)
			require.Len(t, found, 1)
			require.Contains(t, found[0], object)
			fixture.Open(t, o)
			require.Len(t, restored(t, o), 1, "nothing was off at the second start")
		})
	}
}
