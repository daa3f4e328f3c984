package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

func TestRenamedFunctionHasItsNewNameOnly(t *testing.T) {
	t.Parallel()
	functions, _ := catalog.LibraryObjects()
	for from, to := range map[string]string{
		"hold_user": "lock_user", "take_turns": "lock_quota", "settle_log": "chain_audit",
		"settle_next_log": "chain_next_audit",
	} {
		require.NotContains(t, functions, from)
		require.Contains(t, functions, to)
		require.Contains(t, functions[to].Statement, "CREATE OR REPLACE FUNCTION bailiwick."+to+"(")
		require.Contains(t, functions[to].Statement, "SECURITY DEFINER")
	}
	require.Contains(t, functions["lock_quota"].Statement,
		"take_turn(bailiwick.current_tenant(), '')", "a definition after the rename counts")
}
