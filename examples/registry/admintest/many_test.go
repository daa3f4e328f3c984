package admintest

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

const (
	manyResources   = 100_000
	manyMemberships = 10_000
	mostBytes       = 100 << 10 // of a page with its style and script
	mostWire        = 32 << 10  // of these, over the wire
	times           = 20
)

// pagesOfMany are the pages that show what a tenant and a person have many of.
var pagesOfMany = []string{
	"/admin/", "/admin/switch", "/admin/switch?q=Tenant+77", "/admin/switch/list?q=many", "/admin/account",
	"/admin/t/many/", "/admin/t/many/agents", "/admin/t/many/agents?q=number+99",
	"/admin/t/many/agents?label=team%3Dt7", "/admin/t/many/agents?new=true",
	"/admin/t/many/agents/agent-500", "/admin/t/many/agents/agent-500/edit",
	"/admin/t/many/agents/agent-1/delete", "/admin/t/many/pick/agents?q=999",
	"/admin/t/many/prompts", "/admin/t/many/members", "/admin/t/many/invitations",
	"/admin/t/many/keys", "/admin/t/many/audit", "/admin/t/many/promotion",
	"/admin/t/many/federation", "/admin/t/many/secrets", "/admin/t/many/settings",
	"/admin/tenants", "/admin/tenants?q=many", "/admin/users", "/admin/audit",
}

// many is a registry with a tenant of many resources and a person of many memberships.
type many struct {
	url    string
	client *http.Client
}

func newMany(t testing.TB) many {
	t.Helper()
	database := migratedDatabase(t)
	s := harness.ServeOn(t, database)
	s.Platform().Send(t, http.MethodPost, "/api/v1/tenants", `{"slug":"many","name":"Many"}`).
		HasStatus(t, http.StatusCreated)
	s.Platform().Send(t, http.MethodPost, "/api/v1/users", map[string]any{"email": "many@a.example",
		"name": "Many", "password": seed.Password, "super_admin": true}).
		HasStatus(t, http.StatusCreated)
	insertMany(t, database)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	m := many{s.URL, &http.Client{Jar: jar}}
	res, err := m.client.PostForm(s.URL+"/admin/sign-in", url.Values{"email": {"many@a.example"},
		"password": {seed.Password}})
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, "/admin/t/many/", res.Request.URL.Path)
	return m
}

// insertMany writes as the owner of the tables, which row security of the application's role
// doesn't slow down.
func insertMany(t testing.TB, database string) {
	t.Helper()
	owner := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(database),
		pgdriver.WithReadTimeout(10*time.Minute)))
	defer owner.Close()
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO agents (tenant_id, name, description, instructions, labels, spec)
			SELECT (SELECT id FROM bailiwick.tenants WHERE slug = 'many'), 'agent-' || n,
			  'Agent number ' || n, repeat('You review what others wrote. ', 30),
			  jsonb_build_object('team', 't' || n %% 10), '{"tools": ["Read"]}'
			FROM generate_series(1, %d) n`, manyResources),
		fmt.Sprintf(`INSERT INTO bailiwick.tenants (id, slug, name)
			SELECT gen_random_uuid(), 'tenant-' || n, 'Tenant ' || n FROM generate_series(1, %d) n`,
			manyMemberships-1),
		`INSERT INTO bailiwick.members (tenant_id, user_id, role)
			SELECT t.id, u.id, 'admin' FROM bailiwick.tenants t, bailiwick.users u
			WHERE u.email = 'many@a.example' AND t.slug <> 'default'`,
		"ANALYZE",
	} {
		_, err := owner.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

// answer is a page, how many bytes came over the wire, and how long the server took.
type answer struct {
	body string
	wire int
	took time.Duration
}

// get asks for a page as a browser does, which takes compressed ones.
func (m many) get(t testing.TB, path string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.url+path, nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	begun := time.Now()
	res, err := m.client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	a := answer{body: string(raw), wire: len(raw), took: time.Since(begun)}
	if res.Header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(bytes.NewReader(raw))
		require.NoError(t, err)
		plain, err := io.ReadAll(zip)
		require.NoError(t, err)
		a.body = string(plain)
	}
	require.Equal(t, http.StatusOK, res.StatusCode, "%s: %.500s", path, a.body)
	return a
}

var assets = regexp.MustCompile(`(?:href|src)="(/admin/assets/[^"]+)"`)

// bytes returns how many bytes come over the wire for a page with all that it loads, and how many
// it has uncompressed.
func (m many) bytes(t testing.TB, page answer) (wire, plain int) {
	t.Helper()
	wire, plain = page.wire, len(page.body)
	for _, found := range assets.FindAllStringSubmatch(page.body, -1) {
		asset := m.get(t, found[1])
		wire, plain = wire+asset.wire, plain+len(asset.body)
	}
	return wire, plain
}

// TestPagesStaySmall adds up what a browser loads for each page of a large tenant.
func TestPagesStaySmall(t *testing.T) {
	t.Parallel()
	m := newMany(t)
	for _, path := range pagesOfMany {
		if wire, plain := m.bytes(t, m.get(t, path)); plain > mostBytes || wire > mostWire {
			t.Errorf("%s: %d bytes with its style and script, %d of them over the wire", path, plain, wire)
		}
	}
}

// BenchmarkPages measures each page of a large tenant, for a person with many memberships.
//
//	go test -run '^$' -bench Pages -benchtime 1x ./examples/registry/admintest
func BenchmarkPages(b *testing.B) {
	m := newMany(b)
	for b.Loop() {
		var table strings.Builder
		for _, path := range pagesOfMany {
			wire, plain := m.bytes(b, m.get(b, path))
			var took []time.Duration
			for range times {
				took = append(took, m.get(b, path).took)
			}
			slices.Sort(took)
			fmt.Fprintf(&table, "\n%-42s %8.1f ms %7d bytes, %6d over the wire", path,
				float64(took[len(took)/2].Microseconds())/1000, plain, wire)
		}
		fmt.Println(table.String()) // a benchmark logs ten lines at most
	}
}
