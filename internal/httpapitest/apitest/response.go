package apitest

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Response is a response of a [Registry].
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem is the body of an error response.
type Problem struct {
	Status    int              `json:"status"`
	Code      tenancy.Code     `json:"code"`
	Detail    string           `json:"detail"`
	RequestID string           `json:"request_id"`
	Errors    []tenancy.Detail `json:"errors"`
}

// Decode decodes the JSON body into a value of type T.
func Decode[T any](t *testing.T, res Response) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal(res.Body, &v), "%s", res.Body)
	return v
}

// Want requires the status.
func (res Response) Want(t *testing.T, status int) Response {
	t.Helper()
	require.Equal(t, status, res.Status, "%s", res.Body)
	return res
}

// WantProblem requires a problem with the status and the code.
func (res Response) WantProblem(t *testing.T, status int, code tenancy.Code) Problem {
	t.Helper()
	require.Equal(t, status, res.Status, "%s", res.Body)
	require.Equal(t, httpapi.ProblemType, res.Header.Get("Content-Type"))
	p := Decode[Problem](t, res)
	require.Equal(t, code, p.Code, "%s", res.Body)
	require.Equal(t, status, p.Status)
	require.Equal(t, res.Header.Get("X-Request-ID"), p.RequestID)
	return p
}

// Names returns the names of a list's items.
func (res Response) Names(t *testing.T) []string {
	t.Helper()
	list := Decode[struct{ Items []struct{ Name string } }](t, res)
	names := make([]string, 0, len(list.Items))
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return names
}

// NextCursor returns the cursor of the next page, which must exist.
func NextCursor(t *testing.T, res Response) string {
	t.Helper()
	cursor := Decode[struct {
		NextCursor string `json:"next_cursor"`
	}](t, res).NextCursor
	require.NotEmpty(t, cursor)
	return cursor
}
