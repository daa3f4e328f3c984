package federation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestDanglingErrorSortsAndLimitsDetails(t *testing.T) {
	t.Parallel()
	require.NoError(t, federation.DanglingError(nil))
	var details []tenancy.Detail
	for i := range 101 {
		details = append(details, federation.DanglingReference(fmt.Sprintf("/%03d", 100-i),
			federation.Ref{Kind: "maker", Name: "m"}))
	}
	err := federation.DanglingError(details)
	assert.Equal(t, tenancy.CodeDanglingReference, tenancy.CodeOf(err))
	assert.Contains(t, err.Error(), "/000: there is no maker named m; create it first")
	sorted := detailsOf(t, err)
	require.Len(t, sorted, 100)
	assert.Equal(t, "/000", sorted[0].Path)
	assert.Equal(t, "/099", sorted[99].Path)
	assert.Equal(t, "/100", details[0].Path, "the argument is unchanged")
}

func TestPointerOfRefIsEscaped(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "/widget/a~1b~0c", federation.Ref{Kind: "widget", Name: "a/b~c"}.Pointer())
}

func TestSecretUsesAreOrderedByKindNameAndPath(t *testing.T) {
	t.Parallel()
	ordered := []federation.SecretUse{{Kind: "a", Name: "z", Path: "z"},
		{Kind: "b", Name: "a", Path: "z"}, {Kind: "b", Name: "b", Path: "a"},
		{Kind: "b", Name: "b", Path: "b"}}
	for i, a := range ordered {
		for j, b := range ordered {
			switch c := a.Compare(b); {
			case i < j:
				assert.Negative(t, c)
			case i > j:
				assert.Positive(t, c)
			default:
				assert.Zero(t, c)
			}
		}
	}
}
