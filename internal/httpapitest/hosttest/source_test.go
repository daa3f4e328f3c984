package hosttest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestHostsSourceLeadsToTheWholeTenant(t *testing.T) {
	t.Parallel()
	var tenants *resolve.Resolver
	reg := apitest.NewUnserved(t)
	domains := map[string]string{"notes.acme.test": "acme", "notes.beta.test": "beta"}
	tenants = resolve.New(reg.Services.Tenants, resolve.Options{BaseDomain: "registry.test",
		Sources: []resolve.Source{resolve.CustomDomains(func(domain string) (string, bool) {
			name, ok := domains[domain]
			return name, ok
		})}})
	reg = apitest.Wrap(reg.Services, func(o *httpapi.Options) {
		o.Resolver = tenants
	})
	acme, err := reg.Services.Tenants.BySlug(t.Context(), "acme")
	assert.NoError(t, err)
	acme.Settings = []byte(`{"theme":"dark"}`)
	_, err = reg.Services.Tenants.Update(t.Context(), acme)
	assert.NoError(t, err)
	token := reg.AddKey(t, acme.ID, tenancy.Viewer)

	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant, err := tenancy.TenantFrom(r.Context())
		fmt.Fprintf(w, "%s %s %s %v", tenant.Slug, tenant.Name, tenant.Settings, err)
	})
	for name, h := range map[string]http.Handler{
		"protected": reg.Handler.(*httpapi.API).Protect(tenancy.ResourceRead, show),
		"public":    httpapi.Tenant(tenants)(show),
	} {
		send := func(host string) *httptest.ResponseRecorder {
			rec := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), "GET", "http://"+host+"/notes", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			h.ServeHTTP(rec, r)
			return rec
		}
		assert.Equal(t, `acme ACME {"theme":"dark"} <nil>`, send("notes.acme.test").Body.String(),
			name)
		assert.Contains(t, send("notes.acme.test").Header().Get("Vary"), "Host")
		if name == "protected" {
			assert.Contains(t, send("notes.beta.test").Body.String(),
				string(tenancy.CodeTenantMismatch), "the key is another source")
		}
	}
}
