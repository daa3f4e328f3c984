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

// maxDelay is how long a change may take to be everywhere.
const maxDelay = time.Second

// Two registries upon one database, both read from all the time: keys are
// revoked, tenants suspended, roles changed. Each change is to be heeded by both
// registries within a second.
func TestRevocationReachesEveryInstanceWithinASecond(t *testing.T) {
	t.Parallel()
	p := startTwoInstances(t, 1000)
	p.readUnderLoad(t)
	delays := p.revokeAll(t, 8)
	t.Log(delays)
	require.Less(t, delays.worst(), maxDelay)
}

// The same while the connections that listen are killed over and over: what is
// remembered is asked for anew, as often as that takes.
func TestRevocationReachesEveryInstanceWithinASecondWithoutListeners(t *testing.T) {
	t.Parallel()
	p := startTwoInstances(t, 120)
	p.readUnderLoad(t)
	p.killListeners(t)
	delays := p.revokeAll(t, 4)
	t.Log(delays)
	require.Less(t, delays.worst(), maxDelay)
}

// twoInstances is two registries upon one database, and what is changed there.
type twoInstances struct {
	sites   [2]*testServer
	owner   *sql.DB
	client  *http.Client
	readers []*reader
}

// reader is a key whose right to read ends.
type reader struct {
	secret        string
	key           tenancy.ID
	tenant        tenancy.ID
	revoke        func(t *testing.T, p *twoInstances, by *testServer, s *reader)
	refusedStatus int         // the status of an answer from then on
	revoked       atomic.Bool // the change was begun
}

var revocations = []struct {
	change  func(t *testing.T, p *twoInstances, by *testServer, s *reader)
	refused int
}{
	{func(t *testing.T, p *twoInstances, by *testServer, s *reader) {
		p.sendAsAdmin(t, by, http.MethodDelete, "/api/v1/tenants/"+s.tenant.String()+"/keys/"+
			s.key.String(), "", http.StatusNoContent)
	}, http.StatusUnauthorized},
	{func(t *testing.T, p *twoInstances, by *testServer, s *reader) {
		p.sendAsAdmin(t, by, http.MethodPut, "/api/v1/tenants/"+s.tenant.String(),
			`{"state":"suspended"}`, http.StatusOK)
	}, http.StatusForbidden},
	{func(t *testing.T, p *twoInstances, _ *testServer, s *reader) { // a key's role is for life, but in SQL
		_, err := p.owner.ExecContext(t.Context(),
			"UPDATE bailiwick.api_keys SET role = 'replicator' WHERE id = '"+s.key.String()+"'")
		require.NoError(t, err)
	}, http.StatusForbidden},
}

func startTwoInstances(t *testing.T, subjects int) *twoInstances {
	t.Helper()
	url := migratedDatabase(t)
	p := &twoInstances{
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		owner:  sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url))),
	}
	t.Cleanup(func() { require.NoError(t, p.owner.Close()); p.client.CloseIdleConnections() })
	for i := range p.sites {
		p.sites[i] = serveWith(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	}
	p.createReaders(t, subjects)
	for _, s := range p.readers { // everything is remembered everywhere
		for _, site := range p.sites {
			require.Equal(t, http.StatusOK, p.read(t, site, s))
		}
	}
	return p
}

// createReaders makes the subjects, each with a tenant of its own.
func (p *twoInstances) createReaders(t *testing.T, subjects int) {
	t.Helper()
	var tenants, keys []string
	for n := range subjects {
		way := revocations[n%len(revocations)]
		s := &reader{secret: tenancy.NewKeySecret(), key: tenancy.NewID(), tenant: tenancy.NewID(),
			revoke: way.change, refusedStatus: way.refused}
		hash, err := tenancy.HashKeySecret(s.secret)
		require.NoError(t, err)
		p.readers = append(p.readers, s)
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
func (p *twoInstances) read(t testing.TB, at *testServer, s *reader) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, at.url+"/api/v1/agents?limit=1", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.secret)
	req.Header.Set("X-Tenant-ID", s.tenant.String())
	return p.status(t, req)
}

func (p *twoInstances) status(t testing.TB, req *http.Request) int {
	t.Helper()
	res, err := p.client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	return res.StatusCode
}

func (p *twoInstances) sendAsAdmin(t *testing.T, at *testServer, method, path, body string, want int) {
	t.Helper()
	req, err := http.NewRequest(method, at.url+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+platform)
	req.Header.Set("Content-Type", "application/json")
	require.Equal(t, want, p.status(t, req), "%s %s", method, path)
}

// readUnderLoad reads from both registries until the test ends. Whoever hasn't
// been changed is served.
func (p *twoInstances) readUnderLoad(t *testing.T) {
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
				s := p.readers[rand.N(len(p.readers))]
				if status := p.read(t, p.sites[i%2], s); status != http.StatusOK &&
					!s.revoked.Load() {
					t.Errorf("an unchanged key was answered %d", status)
				}
			}
		})
	}
	t.Cleanup(func() { close(stop); readers.Wait() })
}

// killListeners kills whoever listens until the test ends.
func (p *twoInstances) killListeners(t *testing.T) {
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

// revokeAll ends every subject's right, several at a time.
func (p *twoInstances) revokeAll(t *testing.T, atOnce int) delays {
	t.Helper()
	var all delays
	var mu sync.Mutex
	next := make(chan int, len(p.readers))
	for n := range p.readers {
		next <- n
	}
	close(next)
	var changers sync.WaitGroup
	for range atOnce {
		changers.Go(func() {
			for n := range next {
				took := p.revokeAndWait(t, n)
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

// revokeAndWait ends one subject's right, and waits until both registries know.
func (p *twoInstances) revokeAndWait(t *testing.T, n int) delays {
	s := p.readers[n]
	s.revoked.Store(true)
	s.revoke(t, p, p.sites[n%2], s)
	changed := time.Now()
	took := make(delays, len(p.sites))
	var waiting sync.WaitGroup
	for i, site := range p.sites {
		waiting.Go(func() {
			for {
				asked := time.Since(changed) // a request counts from its beginning
				if status := p.read(t, site, s); status == s.refusedStatus {
					took[i] = asked
					return
				}
				if asked > 10*maxDelay {
					t.Errorf("change %d isn't heeded", n)
					return
				}
			}
		})
	}
	waiting.Wait()
	for _, site := range p.sites { // and stays so
		if status := p.read(t, site, s); status != s.refusedStatus {
			t.Errorf("change %d was forgotten: %d", n, status)
		}
	}
	return took
}

func (d delays) percentile(share float64) time.Duration { return d[int(share*float64(len(d)-1))] }

func (d delays) worst() time.Duration { return d.percentile(1) }

// String tells how many were refused from the next request on, which is within
// the time that it takes to send one.
func (d delays) String() string {
	const next = 2 * time.Millisecond
	n, _ := slices.BinarySearch(d, next)
	return fmt.Sprintf("%d delays: p50 %v, p99 %v, p99.9 %v, worst %v; %d of them by the next"+
		" request", len(d), d.percentile(0.5), d.percentile(0.99), d.percentile(0.999), d.worst(), n)
}
