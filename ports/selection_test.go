package ports_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestSelectionSelectsByKindNameAndLabel(t *testing.T) {
	t.Parallel()
	item := federation.Item{Ref: federation.Ref{Kind: "agent", Name: "support"},
		Labels: map[string]string{"team": "a", "empty": ""}}
	for name, tt := range map[string]struct {
		sel     ports.Selection
		selects bool
	}{
		"everything":     {ports.Selection{}, true},
		"its kind":       {ports.Selection{Kinds: []string{"prompt", "agent"}}, true},
		"another kind":   {ports.Selection{Kinds: []string{"prompt"}}, false},
		"its name":       {ports.Selection{Names: []string{"x", "support"}}, true},
		"another name":   {ports.Selection{Names: []string{"suppor"}}, false},
		"its label":      {ports.Selection{Labels: map[string]string{"team": "a"}}, true},
		"another value":  {ports.Selection{Labels: map[string]string{"team": "b"}}, false},
		"an empty value": {ports.Selection{Labels: map[string]string{"empty": ""}}, true},
		"no such label":  {ports.Selection{Labels: map[string]string{"stage": ""}}, false},
		"all three": {ports.Selection{Kinds: []string{"agent"}, Names: []string{"support"},
			Labels: map[string]string{"team": "a"}}, true},
		"the name in another kind": {ports.Selection{Kinds: []string{"prompt"},
			Names: []string{"support"}}, false},
	} {
		for _, references := range []bool{false, true} {
			tt.sel.WithReferences = references
			assert.Equal(t, tt.selects, tt.sel.Selects(item), name)
			assert.Equal(t, name == "everything", tt.sel.IsAll(), name)
		}
	}
}

func TestNamesNotFoundNamesTheFirst100(t *testing.T) {
	t.Parallel()
	require.NoError(t, ports.NamesNotFound(nil))
	err := ports.NamesNotFound([]string{"b", "a", "b"})
	require.ErrorIs(t, err, tenancy.ErrNotFound)
	assert.EqualError(t, err, "not_found: nothing that is selected is named \"a\","+
		" and nothing has 1 more of the names")
	var many []string
	for n := range 250 {
		many = append(many, fmt.Sprintf("n%03d", 249-n))
	}
	e, ok := errors.AsType[*tenancy.Error](ports.NamesNotFound(many))
	require.True(t, ok)
	names := e.Members["names"].([]string)
	assert.Len(t, names, 100)
	assert.Equal(t, "n000", names[0])
}
