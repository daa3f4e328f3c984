package apitest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Operation is an operation of the OpenAPI document.
type Operation struct {
	Method    string
	Path      string
	ID        string
	Role      string             // x-required-role
	Needs     tenancy.Permission // x-permission
	Protected bool               // it accepts or needs credentials
	Statuses  []string
}

// Operations reads the operations of the served document.
func (reg *Registry) Operations(t *testing.T) []Operation {
	t.Helper()
	res, err := http.Get(reg.Server.URL + "/api/v1/openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string             `json:"operationId"`
			Role        string             `json:"x-required-role"`
			Needs       tenancy.Permission `json:"x-permission"`
			Security    []map[string]any   `json:"security"`
			Responses   map[string]any     `json:"responses"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	var all []Operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			d := Operation{Method: strings.ToUpper(method), Path: path, ID: op.OperationID,
				Role: op.Role, Needs: op.Needs, Protected: len(op.Security) > 0}
			for status := range op.Responses {
				d.Statuses = append(d.Statuses, status)
			}
			all = append(all, d)
		}
	}
	return all
}

// ProtectedRequests returns one request for each operation that needs credentials, with
// the tenant acme in the path and the name x.
func (reg *Registry) ProtectedRequests(t *testing.T) []Request {
	t.Helper()
	var requests []Request
	for _, op := range reg.Operations(t) {
		if !op.Protected {
			continue
		}
		path := strings.NewReplacer("{tenant}", "acme", "{name}", "x", "{id}",
			tenancy.NewID().String(), "{user_id}", tenancy.NewID().String()).Replace(op.Path)
		req := Request{Method: op.Method, Path: path}
		if op.Method == http.MethodPut || op.Method == http.MethodPost {
			req.Body = `{}`
		}
		requests = append(requests, req)
	}
	require.Greater(t, len(requests), 30)
	return requests
}

// BelongsToNoTenant reports whether no tenant is resolved for a path: its data belongs to
// the caller or to the platform.
func BelongsToNoTenant(path string) bool {
	for _, root := range []string{"/api/v1/me", "/api/v1/sessions", "/api/v1/users"} {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return path == "/api/v1/tenants" || path == "/api/v1/audit"
}

// NonexistentID has the form of an id. Nothing has it.
const NonexistentID = "0190aaaa-0000-7000-8000-00000000cccc"
