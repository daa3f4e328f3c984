package kinds

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every declared kind can be loaded, and has the path that its routes have.
func TestOrderHasEveryKind(t *testing.T) {
	t.Parallel()
	var names []string
	for _, table := range Tables() {
		names = append(names, table.Kind)
		if table.Path != "" {
			require.Equal(t, table.Path, Path(table.Kind))
		}
	}
	require.ElementsMatch(t, names, Order)
	require.Equal(t, "mcp-servers", Path("mcp_server"))
}
