package load

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadRowsReportsByteOfSyntaxError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		rows    int
		wantErr string
	}{
		"rows":                   {`[{"a":1}, [2] , "x"]`, 3, ""},
		"empty array":            {` [ ] `, 0, ""},
		"object":                 {`{"a":1}`, 0, "none of the known shapes"},
		"empty file":             {``, 0, "byte 0: the file is incomplete"},
		"incomplete row":         {`[{"a":1},{"a":`, 1, "the file is incomplete"},
		"incomplete after row":   {`[{"a":1}`, 1, "byte 8: the file is incomplete"},
		"incomplete after comma": {`[{"a":1},`, 1, "the file is incomplete"},
		"not JSON":               {`[{"a":1},{a}]`, 1, "byte 10: not JSON"},
		"trailing data":          {`[1] 2`, 1, "unexpected data after the array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, message := 0, ""
			for _, err := range readRows(strings.NewReader(c.text)) {
				if err != nil {
					message = err.Error()
					break
				}
				rows++
			}
			require.Equal(t, c.rows, rows)
			if c.wantErr == "" {
				require.Empty(t, message)
			} else {
				require.Contains(t, message, c.wantErr)
			}
		})
	}
}
