package httpapi_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// exampleServices returns the services of the examples, without kinds.
func exampleServices() ports.Services {
	kinds, err := federation.NewKinds()
	if err != nil {
		log.Fatal(err)
	}
	return memory.New(kinds, memory.Options{}).Services()
}

// A host with a login, a table of members and its own permission. The library's routes for
// users, members, invitations and sessions are off. A caller who isn't an employee may have an
// API key.
func ExampleOptions_ownCallersAndPermissions() {
	employees := map[string]tenancy.Principal{ // by session
		"s-ada": {Kind: "employee", ID: "17", Name: "Ada",
			Roles: map[tenancy.ID]tenancy.Role{tenancy.DefaultID: tenancy.Editor}},
		"s-bob": {Kind: "employee", ID: "18", Name: "Bob",
			Roles: map[tenancy.ID]tenancy.Role{tenancy.DefaultID: tenancy.Viewer}},
	}
	api := httpapi.New(exampleServices(), httpapi.Options{
		Authenticate: func(r *http.Request) (tenancy.Principal, error) {
			return employees[r.Header.Get("X-Session")], nil
		},
		Without: []httpapi.Group{httpapi.UserRoutes, httpapi.MemberRoutes,
			httpapi.InvitationRoutes, httpapi.SessionRoutes},
		Permissions: []tenancy.Grant{
			{Permission: "notes.publish", Roles: []tenancy.Role{tenancy.Editor, tenancy.Admin}},
		},
	})
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api)
	mux.Handle("/publish", api.Protect("notes.publish",
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, tenancy.PrincipalFrom(r.Context()).Name)
		})))

	for _, request := range []struct{ session, path string }{
		{"s-ada", "/publish"}, {"s-bob", "/publish"}, {"", "/publish"},
		{"s-ada", "/api/v1/me"}, {"s-ada", "/api/v1/users"},
	} {
		r := httptest.NewRequest("GET", request.path, nil)
		r.Header.Set("X-Session", request.session)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(request.path, w.Code)
	}
	// Output:
	// /publish 200
	// /publish 403
	// /publish 401
	// /api/v1/me 200
	// /api/v1/users 404
}

// Every error of the API in the host's format.
func ExampleOptions_writeProblem() {
	api := httpapi.New(exampleServices(), httpapi.Options{
		WriteProblem: func(w http.ResponseWriter, _ *http.Request, p httpapi.Problem) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"error":%q}`, p.Code)
		},
	})
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/me", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
	// Output: 401 Bearer {"error":"unauthenticated"}
}

// A host that has no vault: the route for secrets doesn't exist.
func ExampleNew_missingPort() {
	services := exampleServices()
	services.Vault = nil
	fmt.Println(services.Missing("Tenants", "Vault"))

	api := httpapi.New(services, httpapi.Options{})
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("PUT", "/api/v1/tenants/default/secrets/key", nil))
	fmt.Println(w.Code)
	// Output:
	// [Vault]
	// 404
}
