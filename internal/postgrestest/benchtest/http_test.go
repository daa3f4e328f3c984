package benchtest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

const httpClients = 16

// BenchmarkHTTPGet measures what tenancy and authentication cost a GET of one item, which refers to
// items of two kinds: with an API key and X-Tenant-ID in one of ten tenants, compared with the same
// handler over a database with tenancy off and without authentication. The numbers are the
// throughput of all clients, medians over the rounds; the ratio is tenancy/open within a round.
//
//	go test -run '^$' -bench HTTPGet -benchtime 20x ./internal/postgrestest/benchtest
func BenchmarkHTTPGet(b *testing.B) {
	tenants := newHTTPWorld(b, 10, 100)
	open := newOpenHTTPWorld(b, 10*100)
	ways := map[string]func() error{"tenancy": tenants.get, "open": open.get}
	rounds := takeTurns(b, httpClients, []string{"tenancy", "open"}, ways)
	b.ReportMetric(rounds.rate("tenancy"), "tenancy/s")
	b.ReportMetric(rounds.rate("open"), "open/s")
	b.ReportMetric(rounds.ratio("tenancy", "open"), "ratio")
}

// BenchmarkHTTPTenantCount measures what ten thousand tenants cost each other: the 99th percentile
// of the time of a list and of a get, compared with ten tenants of the same size. The numbers are
// medians over the rounds; the ratio is many/few within a round.
//
//	go test -run '^$' -bench HTTPTenantCount -benchtime 20x ./internal/postgrestest/benchtest
func BenchmarkHTTPTenantCount(b *testing.B) {
	few, many := newHTTPWorld(b, 10, 100), newHTTPWorld(b, 10_000, 100)
	for name, ways := range map[string]map[string]func() error{
		"get":  {"few": few.get, "many": many.get},
		"list": {"few": few.list, "many": many.list},
	} {
		b.Run(name, func(b *testing.B) {
			rounds := rounds{}
			for b.Loop() {
				for _, way := range inRandomOrder("few", "many") {
					rounds[way] = append(rounds[way], percentile99(b, ways[way]).Seconds()*1000)
				}
			}
			b.ReportMetric(rounds.rate("few"), "few-p99-ms")
			b.ReportMetric(rounds.rate("many"), "many-p99-ms")
			b.ReportMetric(rounds.ratio("many", "few"), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func inRandomOrder(names ...string) []string {
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

// percentile99 is the 99th percentile of the time that a call takes while all clients call.
func percentile99(b *testing.B, way func() error) time.Duration {
	b.Helper()
	var mu sync.Mutex
	var all []time.Duration
	_, err := throughput(httpClients, 4*turn, func() error {
		begin := time.Now()
		err := way()
		took := time.Since(begin)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, took)
		return err
	})
	require.NoError(b, err)
	slices.Sort(all)
	return all[len(all)*99/100]
}

// httpWorld is a server over a database, with its callers.
type httpWorld struct {
	ctx     context.Context
	url     string
	client  *http.Client
	items   int // each tenant's
	callers []httpCaller
}

// httpCaller has the API key of a tenant. The zero value sends neither a key nor a tenant.
type httpCaller struct{ secret, tenant string }

// newHTTPWorld serves tenants with a key each and so many items each.
func newHTTPWorld(b *testing.B, tenants, items int) *httpWorld {
	b.Helper()
	databaseURL := fixture.MigratedURL(b, true)
	w := &httpWorld{ctx: b.Context(), items: items}
	w.fill(b, benchPool(b, benchConnector(databaseURL, pgdriver.WithReadTimeout(5*time.Minute))).DB,
		tenants)
	s := fixture.Open(b, fixture.Options(databaseURL, true)).Services()
	w.serve(b, httpapi.New(s, httpapi.Options{
		MultiTenant: true, Resolver: resolve.New(s.Tenants,
			resolve.Options{ChangeNotifier: s.ChangeNotifier}),
		Logger: slog.New(slog.DiscardHandler),
	}))
	for _, c := range w.callers { // fill the caches
		require.NoError(b, w.request(c, "/api/v1/widgets/widget-1"))
	}
	return w
}

// newOpenHTTPWorld serves items with tenancy off and without authentication.
func newOpenHTTPWorld(b *testing.B, items int) *httpWorld {
	b.Helper()
	databaseURL := fixture.MigratedURL(b, false)
	w := &httpWorld{ctx: b.Context(), items: items, callers: []httpCaller{{}}}
	db := fixture.Superuser(b, databaseURL)
	fixture.Exec(b, db, fillWidgets(items))
	fixture.Exec(b, db, "VACUUM ANALYZE makers, parts, widgets, widget_parts")
	anybody := tenancy.Principal{
		Kind: tenancy.UserPrincipal, ID: "anybody",
		Roles: map[tenancy.ID]tenancy.Role{tenancy.DefaultID: tenancy.Viewer},
	}
	w.serve(b, httpapi.New(fixture.Open(b, fixture.Options(databaseURL, false)).Services(),
		httpapi.Options{
			Authenticate: func(*http.Request) (tenancy.Principal, error) { return anybody, nil },
			Logger:       slog.New(slog.DiscardHandler),
		}))
	return w
}

// fill makes the tenants, their keys and their items. Keys and items are inserted in an order other
// than the one in which they are read.
func (w *httpWorld) fill(b *testing.B, db *sql.DB, tenants int) {
	b.Helper()
	var hashes []string
	for n := range tenants {
		c := httpCaller{tenancy.NewKeySecret(), fmt.Sprintf("bench-%d", n+1)}
		hash, err := tenancy.HashKeySecret(c.secret)
		require.NoError(b, err)
		w.callers = append(w.callers, c)
		hashes = append(hashes, "'"+hex.EncodeToString(hash[:])+"'")
	}
	fixture.Exec(b, db, fmt.Sprintf(
		"INSERT INTO bailiwick.tenants (id, slug, name) SELECT gen_random_uuid(), 'bench-' || n,"+
			" 'Bench' FROM generate_series(1, %d) n", tenants))
	fixture.Exec(b, db, `INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash)
		SELECT t.id, gen_random_uuid(), 'key', 'viewer', decode(h.hash, 'hex')
		FROM unnest(ARRAY[`+strings.Join(hashes, ",")+`]) WITH ORDINALITY AS h(hash, n)
		JOIN bailiwick.tenants t ON t.slug = 'bench-' || h.n`)
	fixture.Exec(b, db, "BEGIN; SET LOCAL session_replication_role = replica; "+
		fillWidgets(w.items)+
		"; COMMIT")
	fixture.Exec(b, db, "VACUUM ANALYZE makers, parts, widgets, widget_parts")
	fixture.Exec(b, db, "VACUUM ANALYZE bailiwick.tenants, bailiwick.api_keys")
}

// fillWidgets returns the SQL that makes so many widgets in each tenant, with a maker and a part.
func fillWidgets(items int) string {
	return fmt.Sprintf(`INSERT INTO makers (tenant_id, name) SELECT id, 'maker' FROM bailiwick.tenants;
		INSERT INTO parts (tenant_id, name) SELECT id, 'part' FROM bailiwick.tenants;
		INSERT INTO widgets (tenant_id, name, description, maker_id, subject_part_id)
		SELECT m.tenant_id, 'widget-' || n, 'one of many', m.id, p.id
		FROM makers m JOIN parts p ON p.tenant_id = m.tenant_id, generate_series(1, %d) n;
		INSERT INTO widget_parts (tenant_id, widget_id, part_id, position)
		SELECT tenant_id, id, subject_part_id, 0 FROM widgets`, items)
}

func (w *httpWorld) serve(b *testing.B, h http.Handler) {
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	w.url = server.URL
	w.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: httpClients}}
	b.Cleanup(w.client.CloseIdleConnections)
}

func (w *httpWorld) get() error {
	return w.request(w.caller(), fmt.Sprintf("/api/v1/widgets/widget-%d", 1+rand.N(w.items)))
}

func (w *httpWorld) list() error { return w.request(w.caller(), "/api/v1/widgets") }

func (w *httpWorld) caller() httpCaller { return w.callers[rand.N(len(w.callers))] }

func (w *httpWorld) request(c httpCaller, path string) error {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.url+path, nil)
	if err != nil {
		return err
	}
	if c.secret != "" {
		req.Header.Set("Authorization", "Bearer "+c.secret)
		req.Header.Set("X-Tenant-ID", c.tenant)
	}
	res, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d: %s", path, res.StatusCode, body)
	}
	return err
}
