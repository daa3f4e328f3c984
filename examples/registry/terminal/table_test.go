package terminal

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrintTableReplacesControlCharacters(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, Terminal{Out: &out}.PrintTable([]string{"NAME"},
		[][]string{{"a\x1b[2Jb\tc\nd\u2028e\u3164"}, {""}}))
	require.Equal(t, "NAME\na�[2Jb�c�d�e�\n-\n", out.String())
}
