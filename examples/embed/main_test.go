package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

const token = "the-platform-token-of-this-test-0123"

func TestEachTenantListsItsOwnNotes(t *testing.T) {
	t.Parallel()
	db, err := open(t.Context(), postgrestest.Database(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	server := httptest.NewServer(newHandler(db, token))
	t.Cleanup(server.Close)

	for _, tenant := range []string{"acme", "umbrella"} {
		status, body := call(t, server, "POST", "/api/v1/tenants", "",
			`{"slug": "`+tenant+`", "name": "`+tenant+`"}`)
		require.Equal(t, http.StatusCreated, status, body)
		status, body = call(t, server, "PUT", "/api/v1/notes/hello", tenant,
			`{"spec": {"text": "from `+tenant+`"}}`)
		require.Equal(t, http.StatusCreated, status, body)
	}
	for _, tenant := range []string{"acme", "umbrella"} {
		status, body := call(t, server, "GET", "/notes", tenant, "")
		require.Equal(t, http.StatusOK, status)
		require.JSONEq(t, `[{"title": "hello", "text": "from `+tenant+`"}]`, body)
	}
	status, _ := call(t, server, "GET", "/notes", "", "")
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = call(t, server, "GET", "/notes", "unknown", "")
	require.Equal(t, http.StatusNotFound, status)

	status, body := call(t, server, "POST", "/api/v1/tenants/acme/keys", "",
		`{"name": "ci", "role": "viewer"}`)
	require.Equal(t, http.StatusCreated, status, body)
	var key struct{ Secret string }
	require.NoError(t, json.Unmarshal([]byte(body), &key))
	for _, c := range []struct {
		token, tenant string
		status        int
	}{
		{key.Secret, "acme", http.StatusOK},
		{key.Secret, "", http.StatusOK},
		{key.Secret, "umbrella", http.StatusBadRequest},
		{"", "acme", http.StatusUnauthorized},
		{"", "unknown", http.StatusUnauthorized},
		{"bwk_nonsense", "acme", http.StatusUnauthorized},
	} {
		status, _ := callAs(t, server, c.token, "GET", "/notes", c.tenant, "")
		require.Equal(t, c.status, status, "%+v", c)
	}
}

func call(t *testing.T, server *httptest.Server, method, path, tenant, body string) (int, string) {
	t.Helper()
	return callAs(t, server, token, method, path, tenant, body)
}

func callAs(
	t *testing.T, server *httptest.Server, token, method, path, tenant, body string,
) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path,
		strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	if tenant != "" {
		request.Header.Set("X-Tenant-ID", tenant)
	}
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	responseBody, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(responseBody)
}
