package openapitest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/openapitest"
)

// recorder is a testing.TB that records the errors.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) Helper() {}

func TestClientFailsItsTestAndReturnsTheResponse(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/things", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, r.URL.Query().Get("body"))
	}))
	defer server.Close()
	d, err := openapitest.New([]byte(document))
	require.NoError(t, err)
	for path, failures := range map[string]int{"/things?body=[]": 0, "/things?body={}": 1,
		"/moved": 1} {
		rec := &recorder{TB: t}
		res, err := d.Client(rec, nil).Get(server.URL + path)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.NotEmpty(t, body)
		assert.Len(t, rec.errors, failures, path)
	}
}
