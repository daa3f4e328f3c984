package sqltext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

func TestSplitQualifiedRevertsQualified(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", `"`, `a"."b`, `""`, ".", "a.b", "A b", "é"} {
		for _, other := range []string{"x", `"x"`, `"."`} {
			schema, table := sqltext.SplitQualified(sqltext.Qualified(name, other))
			require.Equal(t, []string{name, other}, []string{schema, table})
			require.Equal(t, name+"."+other, sqltext.WithoutQuotes(sqltext.Qualified(name, other)))
		}
	}
	for _, sql := range []string{"public.agents", `"public".agents`, `public."agents"`} {
		require.Equal(t, "public.agents", sqltext.WithoutQuotes(sql))
	}
	require.Equal(t, "database", sqltext.WithoutQuotes("database"))
}
