package hosttest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// serveUnchecked starts a server of the API and of a host's routes, whose responses aren't
// compared with the document.
func serveUnchecked(
	t *testing.T, reg *apitest.Registry, routes map[string]http.Handler,
) *httpapi.API {
	t.Helper()
	api := reg.Handler.(*httpapi.API)
	mux := http.NewServeMux()
	mux.Handle("/", api)
	for pattern, h := range routes {
		mux.Handle(pattern, h)
	}
	reg.Server = httptest.NewServer(mux)
	t.Cleanup(reg.Server.Close)
	reg.Client = reg.Server.Client()
	return api
}

// newestEntry returns the newest entry of a tenant's audit log.
func newestEntry(t *testing.T, reg *apitest.Registry, slug string) tenancy.EventRecord {
	t.Helper()
	list := apitest.Decode[struct{ Items []tenancy.EventRecord }](t, reg.Do(t,
		apitest.Get(slug+"-admin", "/api/v1/tenants/"+slug+"/audit?limit=1")).
		Want(t, http.StatusOK))
	if len(list.Items) == 0 {
		t.Fatal("the log is empty")
	}
	return list.Items[0]
}
