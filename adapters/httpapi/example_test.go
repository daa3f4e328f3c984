package httpapi_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// A registry with one kind, in memory, with tenancy on.
func ExampleNew() {
	kinds, err := federation.NewKinds(federation.Kind{
		Name: "note", Fields: []federation.Field{{Name: "text", Type: federation.String}}})
	if err != nil {
		log.Fatal(err)
	}
	const token = "a-platform-token-of-32-characters"
	handler := httpapi.New(memory.New(kinds, memory.Options{}).Services(), httpapi.Options{
		MultiTenant:       true,
		PlatformTokenHash: sha256.Sum256([]byte(token)),
	})
	send := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("X-Tenant-ID", "acme")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	fmt.Println(send("POST", "/api/v1/tenants", `{"slug":"acme","name":"Acme"}`).Code)
	fmt.Println(send("PUT", "/api/v1/notes/hello%2Fworld", `{"spec":{"text":"hi"}}`).Header().
		Get("Location"))
	fmt.Println(send("PUT", "/api/v1/notes/second", `{"spec":{"text":7}}`).Code)
	// Output:
	// 201
	// /api/v1/notes/hello%2Fworld
	// 422
}

// A host's own route, which the API protects as its own ones.
func ExampleAPI_Protect() {
	kinds, err := federation.NewKinds()
	if err != nil {
		log.Fatal(err)
	}
	const token = "a-platform-token-of-32-characters"
	api := httpapi.New(memory.New(kinds, memory.Options{}).Services(), httpapi.Options{
		MultiTenant:       true,
		PlatformTokenHash: sha256.Sum256([]byte(token)),
	})
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api)
	mux.Handle("GET /notes", api.Protect(tenancy.ResourceRead,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, _ := tenancy.FromContext(r.Context())
			io.WriteString(w, id.String())
		})))
	for _, authorization := range []string{"Bearer " + token, ""} {
		r := httptest.NewRequest("GET", "/notes", nil)
		r.Header.Set("X-Tenant-ID", "default")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// 200 text/plain; charset=utf-8
	// 401 application/problem+json
}

// The handler of a public route runs for any caller who names a known tenant, which is
// in its context.
func ExampleTenant() {
	kinds, err := federation.NewKinds()
	if err != nil {
		log.Fatal(err)
	}
	store := memory.New(kinds, memory.Options{}).Services()
	tenants := resolve.New(store.Tenants, resolve.Options{BaseDomain: "notes.example.com"})

	mux := http.NewServeMux()
	mux.Handle("GET /notes",
		httpapi.Tenant(tenants)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tenant, err := tenancy.TenantFrom(r.Context())
			fmt.Println(tenant.Slug, tenant.Name, err)
		})))
	for _, host := range []string{"default.notes.example.com", "unknown.notes.example.com"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", "http://"+host+"/notes", nil))
		fmt.Println(w.Code)
	}
	// Output:
	// default Default <nil>
	// 200
	// 404
}
