package benchtest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// BenchmarkMemberships measures whole requests with the session of a user who is a member of
// ten thousand tenants. The numbers are medians.
//
//	go test -run '^$' -bench Memberships -benchtime 100x ./internal/postgrestest/benchtest
func BenchmarkMemberships(b *testing.B) {
	const tenants = 10_000
	database := fixture.MigratedURL(b, true)
	super := benchPool(b, benchConnector(database, pgdriver.WithReadTimeout(5*time.Minute))).DB
	s := fixture.Open(b, fixture.Options(database, true)).Services()
	user := fillMemberships(b, s, tenants, func(sql string) { fixture.Exec(b, super, sql) })
	cookie := "bailiwick=" + beginSession(b, s, user)
	handler := httpapi.New(s, httpapi.Options{MultiTenant: true,
		Resolver: resolve.New(s.Tenants, resolve.Options{ChangeNotifier: s.ChangeNotifier}),
		Logger:   slog.New(slog.DiscardHandler)})
	get := func(path string) string {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
		r.Header.Set("Cookie", cookie)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		require.Equal(b, http.StatusOK, rec.Code, "%s", rec.Body)
		return rec.Body.String()
	}
	for range 3 { // the first request renews the secret, since the session was made without rights
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/api/v1/me/memberships", nil)
		r.Header.Set("Cookie", cookie)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if set := rec.Header().Get("Set-Cookie"); set != "" {
			cookie, _, _ = strings.Cut(set, ";")
		}
	}
	const path = "/api/v1/me/memberships"
	for name, path := range map[string]string{"first": path, "largest": path + "?limit=1000",
		"search-one": path + "?q=bench-9999", "search-many": path + "?q=BENCH",
		"search-none": path + "?q=nothing", "tenants": "/api/v1/tenants",
		"other": "/api/v1/tenants/bench-7/me"} {
		b.Run(name, func(b *testing.B) { reportMedian(b, func() { get(path) }) })
	}
	b.Run("deep", func(b *testing.B) {
		deep := path
		for range 8 {
			deep = path + "?limit=1000&cursor=" + cursorIn(b, get(deep))
		}
		reportMedian(b, func() { get(deep) })
	})
	b.Run("authenticate", func(b *testing.B) {
		service := signin.New(s, signin.Options{})
		reportMedian(b, func() {
			_, err := service.Authenticate(b.Context(), cookie[len("bailiwick="):])
			require.NoError(b, err)
		})
	})
	b.Run("authenticate-uncached", func(b *testing.B) {
		service := signin.New(s, signin.Options{})
		reportMedian(b, func() {
			service.ClearCache()
			_, err := service.Authenticate(b.Context(), cookie[len("bailiwick="):])
			require.NoError(b, err)
		})
	})
}

// reportMedian calls once for each round, and once before them.
func reportMedian(b *testing.B, call func()) {
	b.Helper()
	call()
	var all []float64
	for b.Loop() {
		begin := time.Now()
		call()
		all = append(all, time.Since(begin).Seconds()*1000)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(slices.Clone(all)), "median-ms")
	b.ReportMetric(slices.Min(all), "fastest-ms") // what a busy machine doesn't hide
}

// fillMemberships makes so many tenants and a user who is a member of all of them, and other
// members of each.
func fillMemberships(
	b *testing.B, s ports.Services, tenants int, exec func(sql string),
) identity.User {
	b.Helper()
	u, err := s.Users.Create(b.Context(), identity.User{ID: tenancy.NewID().String(),
		Email: "member@example.com", Name: "Member"}, "")
	require.NoError(b, err)
	exec(fmt.Sprintf("INSERT INTO bailiwick.tenants (id, slug, name) SELECT gen_random_uuid(),"+
		" 'bench-' || n, 'The tenant number ' || n FROM generate_series(1, %d) n", tenants))
	exec("INSERT INTO bailiwick.users (id, email, name) SELECT gen_random_uuid()," +
		" 'other-' || n || '@example.com', 'Other' FROM generate_series(1, 20) n")
	exec("INSERT INTO bailiwick.members (tenant_id, user_id, role) SELECT t.id, u.id, 'viewer'" +
		" FROM bailiwick.tenants t, bailiwick.users u")
	exec("VACUUM ANALYZE bailiwick.tenants, bailiwick.members, bailiwick.users")
	return u
}

// beginSession returns the secret of a new session.
func beginSession(b *testing.B, s ports.Services, u identity.User) string {
	b.Helper()
	secret := identity.NewSessionSecret()
	hash, err := identity.HashSessionSecret(secret)
	require.NoError(b, err)
	now := time.Now().UTC().Truncate(time.Microsecond)
	require.NoError(b, s.Sessions.Create(context.Background(), identity.Session{
		ID: tenancy.NewID().String(), User: u.ID, Hash: hash, CreatedAt: now, SeenAt: now,
		ExpiresAt: now.Add(time.Hour)}, ""))
	return secret
}

// cursorIn returns the cursor of the next page.
func cursorIn(b *testing.B, body string) string {
	b.Helper()
	var page struct {
		Next string `json:"next_cursor"`
	}
	require.NoError(b, json.Unmarshal([]byte(body), &page))
	require.NotEmpty(b, page.Next)
	return url.QueryEscape(page.Next)
}
