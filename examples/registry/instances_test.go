package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// everywhere is how long a change may take to be everywhere.
const everywhere = time.Second

// Two registries upon one database, both read from all the time: keys are
// revoked, tenants suspended, roles changed. Each change is to be heeded by both
// registries within a second.
func TestAChangeReachesEveryInstanceWithinASecond(t *testing.T) {
	t.Parallel()
	p := newPair(t, 1000)
	p.readUnderLoad(t)
	delays := p.changeAll(t, 8)
	t.Log(delays)
	require.Less(t, delays.worst(), everywhere)
}

// The same while the connections that listen are killed over and over: what is
// remembered is asked for anew, as often as that takes.
func TestAChangeReachesEveryInstanceWithinASecondAlthoughNobodyCanListen(t *testing.T) {
	t.Parallel()
	p := newPair(t, 120)
	p.readUnderLoad(t)
	p.killListeners(t)
	delays := p.changeAll(t, 4)
	t.Log(delays)
	require.Less(t, delays.worst(), everywhere)
}

// pair is two registries upon one database, and what is changed there.
type pair struct {
	sites    [2]*site
	owner    *sql.DB
	client   *http.Client
	subjects []*subject
}

// subject is a key whose right to read ends.
type subject struct {
	secret  string
	key     tenancy.ID
	tenant  tenancy.ID
	change  func(t *testing.T, p *pair, by *site, s *subject)
	refused int         // the status of an answer from then on
	ended   atomic.Bool // the change was begun
}

var waysToEnd = []struct {
	change  func(t *testing.T, p *pair, by *site, s *subject)
	refused int
}{
	{func(t *testing.T, p *pair, by *site, s *subject) {
		p.administer(t, by, http.MethodDelete, "/api/v1/tenants/"+s.tenant.String()+"/keys/"+
			s.key.String(), "", http.StatusNoContent)
	}, http.StatusUnauthorized},
	{func(t *testing.T, p *pair, by *site, s *subject) {
		p.administer(t, by, http.MethodPut, "/api/v1/tenants/"+s.tenant.String(),
			`{"state":"suspended"}`, http.StatusOK)
	}, http.StatusForbidden},
	{func(t *testing.T, p *pair, _ *site, s *subject) { // a key's role is for life, but in SQL
		_, err := p.owner.ExecContext(t.Context(),
			"UPDATE bailiwick.api_keys SET role = 'replicator' WHERE id = '"+s.key.String()+"'")
		require.NoError(t, err)
	}, http.StatusForbidden},
}

func newPair(t *testing.T, subjects int) *pair {
	t.Helper()
	url := migrated(t)
	p := &pair{
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		owner:  sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url))),
	}
	t.Cleanup(func() { require.NoError(t, p.owner.Close()); p.client.CloseIdleConnections() })
	for i := range p.sites {
		p.sites[i] = serveWith(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	}
	p.fill(t, subjects)
	for _, s := range p.subjects { // everything is remembered everywhere
		for _, site := range p.sites {
			require.Equal(t, http.StatusOK, p.read(t, site, s))
		}
	}
	return p
}

// fill makes the subjects, each with a tenant of its own.
func (p *pair) fill(t *testing.T, subjects int) {
	t.Helper()
	var tenants, keys []string
	for n := range subjects {
		way := waysToEnd[n%len(waysToEnd)]
		s := &subject{secret: tenancy.NewKeySecret(), key: tenancy.NewID(), tenant: tenancy.NewID(),
			change: way.change, refused: way.refused}
		hash, err := tenancy.HashKeySecret(s.secret)
		require.NoError(t, err)
		p.subjects = append(p.subjects, s)
		tenants = append(tenants, fmt.Sprintf("('%s', 's-%d', 'Subject')", s.tenant, n))
		keys = append(keys, fmt.Sprintf("('%s', '%s', 'k', 'viewer', '\\x%s')", s.tenant, s.key,
			hex.EncodeToString(hash[:])))
	}
	_, err := p.owner.ExecContext(t.Context(),
		"INSERT INTO bailiwick.tenants (id, slug, name) VALUES "+strings.Join(tenants, ",")+
			";INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash) VALUES "+
			strings.Join(keys, ","))
	require.NoError(t, err)
}

// read reads as s, and answers the status.
func (p *pair) read(t testing.TB, at *site, s *subject) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, at.url+"/api/v1/agents?limit=1", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.secret)
	req.Header.Set("X-Tenant-ID", s.tenant.String())
	return p.status(t, req)
}

func (p *pair) status(t testing.TB, req *http.Request) int {
	t.Helper()
	res, err := p.client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	return res.StatusCode
}

func (p *pair) administer(t *testing.T, at *site, method, path, body string, want int) {
	t.Helper()
	req, err := http.NewRequest(method, at.url+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+platform)
	req.Header.Set("Content-Type", "application/json")
	require.Equal(t, want, p.status(t, req), "%s %s", method, path)
}

// readUnderLoad reads from both registries until the test ends. Whoever hasn't
// been changed is served.
func (p *pair) readUnderLoad(t *testing.T) {
	t.Helper()
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := p.subjects[rand.N(len(p.subjects))]
				if status := p.read(t, p.sites[i%2], s); status != http.StatusOK &&
					!s.ended.Load() {
					t.Errorf("an unchanged key was answered %d", status)
				}
			}
		})
	}
	t.Cleanup(func() { close(stop); readers.Wait() })
}

// killListeners kills whoever listens until the test ends.
func (p *pair) killListeners(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var killing sync.WaitGroup
	killing.Go(func() {
		for ctx.Err() == nil {
			_, _ = p.owner.ExecContext(ctx,
				"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"+
					" WHERE datname = current_database() AND application_name = 'bailiwick-listen'")
		}
	})
	t.Cleanup(func() { stop(); killing.Wait() })
}

// delays are how long after the change's own answer each registry refused for the
// first time.
type delays []time.Duration

// changeAll ends every subject's right, several at a time.
func (p *pair) changeAll(t *testing.T, atOnce int) delays {
	t.Helper()
	var all delays
	var mu sync.Mutex
	next := make(chan int, len(p.subjects))
	for n := range p.subjects {
		next <- n
	}
	close(next)
	var changers sync.WaitGroup
	for range atOnce {
		changers.Go(func() {
			for n := range next {
				took := p.end(t, n)
				mu.Lock()
				all = append(all, took...)
				mu.Unlock()
			}
		})
	}
	changers.Wait()
	slices.Sort(all)
	return all
}

// end ends one subject's right, and waits until both registries know.
func (p *pair) end(t *testing.T, n int) delays {
	s := p.subjects[n]
	s.ended.Store(true)
	s.change(t, p, p.sites[n%2], s)
	changed := time.Now()
	took := make(delays, len(p.sites))
	var waiting sync.WaitGroup
	for i, site := range p.sites {
		waiting.Go(func() {
			for {
				asked := time.Since(changed) // a request counts from its beginning
				if status := p.read(t, site, s); status == s.refused {
					took[i] = asked
					return
				}
				if asked > 10*everywhere {
					t.Errorf("change %d isn't heeded", n)
					return
				}
			}
		})
	}
	waiting.Wait()
	for _, site := range p.sites { // and stays so
		if status := p.read(t, site, s); status != s.refused {
			t.Errorf("change %d was forgotten: %d", n, status)
		}
	}
	return took
}

func (d delays) at(share float64) time.Duration { return d[int(share*float64(len(d)-1))] }

func (d delays) worst() time.Duration { return d.at(1) }

// String tells how many were refused from the next request on, which is within
// the time that it takes to send one.
func (d delays) String() string {
	const next = 2 * time.Millisecond
	n, _ := slices.BinarySearch(d, next)
	return fmt.Sprintf("%d delays: p50 %v, p99 %v, p99.9 %v, worst %v; %d of them by the next"+
		" request", len(d), d.at(0.5), d.at(0.99), d.at(0.999), d.worst(), n)
}
