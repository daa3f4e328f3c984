package httpapitest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// described is an operation as the OpenAPI document has it.
type described struct {
	method    string
	path      string
	id        string
	role      string
	protected bool
	statuses  []string
}

// operations reads the served document.
func (w *world) operations(t *testing.T) []described {
	t.Helper()
	res, err := http.Get(w.server.URL + "/api/v1/openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string           `json:"operationId"`
			Role        string           `json:"x-required-role"`
			Security    []map[string]any `json:"security"`
			Responses   map[string]any   `json:"responses"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	var all []described
	for path, methods := range doc.Paths {
		for method, op := range methods {
			d := described{method: strings.ToUpper(method), path: path, id: op.OperationID,
				role: op.Role, protected: len(op.Security) > 0}
			for status := range op.Responses {
				d.statuses = append(d.statuses, status)
			}
			all = append(all, d)
		}
	}
	return all
}

func (w *world) suspend(t *testing.T, slug string) { w.setState(t, slug, tenancy.Suspended) }

func (w *world) deleteTenant(t *testing.T, slug string) { w.setState(t, slug, tenancy.Deleted) }

// setState changes a tenant behind the API's back, before anybody has asked for
// it.
func (w *world) setState(t *testing.T, slug string, state tenancy.State) {
	t.Helper()
	tenant := w.tenants[slug]
	tenant.State = state
	if state == tenancy.Deleted {
		tenant.DeletedAt = time.Now()
	}
	stored, err := w.services.Tenants.Update(context.Background(), tenant)
	require.NoError(t, err)
	w.tenants[slug] = stored
}
