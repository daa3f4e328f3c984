package adminui_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
)

func Example() {
	services := memory.New(exampleKinds(), memory.Options{}).Services()
	api := httpapi.New(services, httpapi.Options{MultiTenant: true})
	pages := adminui.New(api, services.Kinds, adminui.Options{MultiTenant: true})

	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api)
	mux.Handle("/admin/", pages)

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/admin/t/acme/", nil))
	fmt.Println(answer.Code, answer.Header().Get("Location"))
	// Output: 303 /admin/sign-in?return_to=%2Fadmin%2Ft%2Facme%2F
}

func exampleKinds() *federation.Kinds {
	kinds, err := federation.NewKinds(federation.Kind{Name: "note", Path: "notes"})
	if err != nil {
		panic(err)
	}
	return kinds
}
