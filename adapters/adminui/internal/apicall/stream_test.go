package apicall_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
)

func stream(t *testing.T, api http.HandlerFunc) (*httptest.ResponseRecorder, error) {
	t.Helper()
	out := httptest.NewRecorder()
	client := apicall.New(api, "", httptest.NewRequestWithContext(t.Context(), "GET", "/x", nil))
	return out, client.Stream(t.Context(), out, apicall.Call{Path: "/export"})
}

func TestFlushedAnswerKeepsItsHeaders(t *testing.T) {
	t.Parallel()
	out, err := stream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Content-Disposition", "attachment")
		w.Header().Set("X-Internal", "1")
		require.NoError(t, http.NewResponseController(w).Flush())
		_, err := io.WriteString(w, "{}\n")
		require.NoError(t, err)
	})
	require.NoError(t, err)
	require.True(t, out.Flushed)
	sent := out.Result()
	require.Equal(t, http.StatusOK, sent.StatusCode)
	require.Equal(t, "application/x-ndjson", sent.Header.Get("Content-Type"))
	require.Equal(t, "attachment", sent.Header.Get("Content-Disposition"))
	require.Empty(t, sent.Header.Get("X-Internal"))
	require.Equal(t, "{}\n", out.Body.String())
}

func TestFlushedProblemIsNotSent(t *testing.T) {
	t.Parallel()
	out, err := stream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		require.NoError(t, http.NewResponseController(w).Flush())
		_, err := io.WriteString(w, `{"code":"forbidden"}`)
		require.NoError(t, err)
	})
	p := apicall.ProblemOf(err)
	require.NotNil(t, p)
	require.Equal(t, "forbidden", string(p.Code))
	require.False(t, out.Flushed)
	require.Empty(t, out.Body.String())
}
