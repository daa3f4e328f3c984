package chiservice

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/golang-jwt/jwt/v5"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Everything between the two marks is what tenancy adds to the service, except the columns
// tenant_id in its migration.

// tenancy begins

func open(ctx context.Context, url string, own *migrate.Migrations) (*postgres.DB, error) {
	return postgres.Open(ctx, postgres.Options{
		URL: url, MultiTenant: true, Migrations: own,
		Tables: []postgres.Table{{Model: (*author)(nil)}, {Model: (*book)(nil)},
			{Model: (*bookAuthor)(nil)}, {Model: (*loan)(nil)}},
		Shared: []any{(*language)(nil)},
	})
}

func newHandler(db *postgres.DB, secret []byte) *chi.Mux {
	api := httpapi.New(db.Services(), httpapi.Options{
		MultiTenant: true, Authenticate: authenticate(secret),
		Resolver: resolve.New(db.Tenants(), resolve.Options{BaseDomain: "books.example.com"}),
	})
	r := chi.NewRouter()
	r.Handle("/api/v1/*", api)
	(&service{db}).routes(r, func(needs tenancy.Permission) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler { return api.Protect(needs, next) }
	})
	return r
}

// claims say who calls, and in which role of which tenant.
type claims struct {
	jwt.RegisteredClaims

	Tenant tenancy.ID   `json:"tenant"`
	Role   tenancy.Role `json:"role"`
}

func authenticate(secret []byte) func(*http.Request) (tenancy.Principal, error) {
	return func(r *http.Request) (tenancy.Principal, error) {
		var c claims
		_, err := jwt.ParseWithClaims(bearer(r), &c, func(*jwt.Token) (any, error) { return secret, nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
		if err != nil {
			return tenancy.Principal{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "not a valid token")
		}
		return tenancy.Principal{Kind: tenancy.UserPrincipal, ID: c.Subject, Name: c.Subject,
			KeyTenant: c.Tenant, Roles: map[tenancy.ID]tenancy.Role{c.Tenant: c.Role}}, nil
	}
}

// tenancy ends
