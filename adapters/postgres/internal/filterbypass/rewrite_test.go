package filterbypass_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
)

const id = "01900000-0000-7000-8000-000000000000"

func TestFilterIsRemovedEverywhere(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"SELECT * FROM t WHERE tenant_id = '" + id +
			"'": "SELECT * FROM t WHERE tenant_id IS NOT NULL",
		`WHERE "note"."tenant_id" = '` + id +
			`'::uuid AND x = 1`: `WHERE "note"."tenant_id" IS NOT NULL AND x = 1`,
		"WHERE (t.tenant_id='" + id +
			"')": "WHERE (t.tenant_id IS NOT NULL)",
		"DELETE FROM t WHERE a IN (1, 2) AND tenant_id = '" + id +
			"' :: uuid": "DELETE FROM t WHERE a IN (1, 2) AND tenant_id IS NOT NULL",
		"ON x.tenant_id = '" + id + "' WHERE y.tenant_id = '" + id +
			"'": "ON x.tenant_id IS NOT NULL WHERE y.tenant_id IS NOT NULL",
		"UPDATE t SET a = 1 WHERE tenant_id = '" + id +
			"'": "UPDATE t SET a = 1 WHERE tenant_id IS NOT NULL",
		"WHERE name = 'it''s' AND tenant_id = '" + id +
			"'": "WHERE name = 'it''s' AND tenant_id IS NOT NULL",
		`WHERE name = E'\'' AND tenant_id = '` + id +
			"'": `WHERE name = E'\'' AND tenant_id IS NOT NULL`,
	} {
		require.Equal(t, want, filterbypass.Rewrite(filterbypass.WithoutFilter(t.Context()), query))
	}
}

func TestOtherTextIsNotRewritten(t *testing.T) {
	t.Parallel()
	filter := "tenant_id = '" + id + "'"
	quoted := strings.ReplaceAll(filter, "'", "''")
	for _, query := range []string{
		"SELECT '" + quoted + "'",
		"SELECT $$ " + filter + " $$, $x$ " + filter + " $x$",
		"SELECT E'\\'" + quoted + "'",
		"SELECT 1 -- " + filter,
		"SELECT 1 /* " + filter + " /* within */ " + filter + " */",
		"UPDATE t SET " + filter,
		"UPDATE t SET a = 1, " + filter,
		"UPDATE t SET t." + filter,
		"INSERT INTO t (tenant_id) VALUES ('" + id + "')",
		"WHERE other_" + filter,
		`SELECT "` + filter + `"`,
		"WHERE tenant_id = 'a'",
		"SELECT 'no end " + quoted,
		"SELECT /* no end " + filter,
		"",
	} {
		require.Equal(t, query, filterbypass.Rewrite(filterbypass.WithoutFilter(t.Context()),
			query))
	}
}

func TestUnmarkedContextRewritesNothing(t *testing.T) {
	t.Parallel()
	query := "SELECT * FROM t WHERE tenant_id = '" + id + "'"
	require.Equal(t, query, filterbypass.Rewrite(t.Context(), query))
}
