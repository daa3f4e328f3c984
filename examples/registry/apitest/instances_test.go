package apitest

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

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxDelay is the longest time that a revocation may take to reach every instance.
const maxDelay = time.Second

// Two registries on one database serve reads all the time. Meanwhile keys are
// revoked, tenants suspended and roles changed. Both registries must enforce each
// change within a second.
func TestRevocationReachesEveryInstanceWithinASecond(t *testing.T) {
	t.Parallel()
	p := startTwoInstances(t, 1000)
	p.readUnderLoad(t)
	delays := p.revokeAll(t, 8)
	t.Log(delays)
	require.Less(t, delays.worst(), maxDelay)
}

// The same while the connections that listen are killed again and again. Without
// notifications, the caches must expire early enough.
func TestRevocationReachesEveryInstanceWithinASecondWithoutListeners(t *testing.T) {
	t.Parallel()
	p := startTwoInstances(t, 120)
	p.readUnderLoad(t)
	p.killListeners(t)
	delays := p.revokeAll(t, 4)
	t.Log(delays)
	require.Less(t, delays.worst(), maxDelay)
}

// twoInstances are two registries on one database, and the readers whose rights are
// revoked.
type twoInstances struct {
	servers [2]*harness.Server
	owner   *sql.DB
	client  *http.Client
	readers []*reader
}

// reader is an API key whose right to read is revoked during the test.
type reader struct {
	secret        string
	key           tenancy.ID
	tenant        tenancy.ID
	revoke        func(t *testing.T, p *twoInstances, at *harness.Server, s *reader)
	refusedStatus int         // the status of a response after the revocation
	revoked       atomic.Bool // the revocation has started
}

var revocations = []struct {
	revoke        func(t *testing.T, p *twoInstances, at *harness.Server, s *reader)
	refusedStatus int
}{
	{func(t *testing.T, p *twoInstances, at *harness.Server, s *reader) {
		p.sendAsAdmin(t, at, http.MethodDelete, "/api/v1/tenants/"+s.tenant.String()+"/keys/"+
			s.key.String(), "", http.StatusNoContent)
	}, http.StatusUnauthorized},
	{func(t *testing.T, p *twoInstances, at *harness.Server, s *reader) {
		p.sendAsAdmin(t, at, http.MethodPut, "/api/v1/tenants/"+s.tenant.String(),
			`{"state":"suspended"}`, http.StatusOK)
	}, http.StatusForbidden},
	// only SQL can change a key's role
	{func(t *testing.T, p *twoInstances, _ *harness.Server, s *reader) {
		_, err := p.owner.ExecContext(t.Context(),
			"UPDATE bailiwick.api_keys SET role = 'replicator' WHERE id = '"+s.key.String()+"'")
		require.NoError(t, err)
	}, http.StatusForbidden},
}

func startTwoInstances(t *testing.T, readers int) *twoInstances {
	t.Helper()
	url := migratedDatabase(t)
	p := &twoInstances{
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		owner:  sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url))),
	}
	t.Cleanup(func() { require.NoError(t, p.owner.Close()); p.client.CloseIdleConnections() })
	for i := range p.servers {
		p.servers[i] = harness.Serve(t,
			map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	}
	p.createReaders(t, readers)
	for _, s := range p.readers { // fill the caches of both instances
		for _, server := range p.servers {
			require.Equal(t, http.StatusOK, p.read(t, server, s))
		}
	}
	return p
}

// createReaders creates the readers, each in a separate tenant.
func (p *twoInstances) createReaders(t *testing.T, readers int) {
	t.Helper()
	var tenants, keys []string
	for n := range readers {
		kind := revocations[n%len(revocations)]
		s := &reader{secret: tenancy.NewKeySecret(), key: tenancy.NewID(), tenant: tenancy.NewID(),
			revoke: kind.revoke, refusedStatus: kind.refusedStatus}
		hash, err := tenancy.HashKeySecret(s.secret)
		require.NoError(t, err)
		p.readers = append(p.readers, s)
		tenants = append(tenants, fmt.Sprintf("('%s', 's-%d', 'Reader')", s.tenant, n))
		keys = append(keys, fmt.Sprintf("('%s', '%s', 'k', 'viewer', '\\x%s')", s.tenant, s.key,
			hex.EncodeToString(hash[:])))
	}
	_, err := p.owner.ExecContext(t.Context(),
		"INSERT INTO bailiwick.tenants (id, slug, name) VALUES "+strings.Join(tenants, ",")+
			";INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash) VALUES "+
			strings.Join(keys, ","))
	require.NoError(t, err)
}

// read sends a request with the key of s and returns the status.
func (p *twoInstances) read(t testing.TB, at *harness.Server, s *reader) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, at.URL+"/api/v1/agents?limit=1", nil)
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

func (p *twoInstances) sendAsAdmin(
	t *testing.T, at *harness.Server, method, path, body string, want int,
) {
	t.Helper()
	req, err := http.NewRequest(method, at.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+harness.Platform)
	req.Header.Set("Content-Type", "application/json")
	require.Equal(t, want, p.status(t, req), "%s %s", method, path)
}

// readUnderLoad reads from both registries until the test ends. A reader that isn't
// revoked must be served.
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
				if status := p.read(t, p.servers[i%2], s); status != http.StatusOK &&
					!s.revoked.Load() {
					t.Errorf("a key that isn't revoked got status %d", status)
				}
			}
		})
	}
	t.Cleanup(func() { close(stop); readers.Wait() })
}

// killListeners kills the connections that listen, until the test ends.
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

// delays are the times from the response to a revocation to the first refused read,
// for each registry.
type delays []time.Duration

// revokeAll revokes every reader, atOnce at a time, and returns the sorted delays.
func (p *twoInstances) revokeAll(t *testing.T, atOnce int) delays {
	t.Helper()
	var all delays
	var mu sync.Mutex
	next := make(chan int, len(p.readers))
	for n := range p.readers {
		next <- n
	}
	close(next)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for n := range next {
				delays := p.revokeAndWait(t, n)
				mu.Lock()
				all = append(all, delays...)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	slices.Sort(all)
	return all
}

// revokeAndWait revokes one reader and waits until both registries refuse it.
func (p *twoInstances) revokeAndWait(t *testing.T, n int) delays {
	s := p.readers[n]
	s.revoked.Store(true)
	s.revoke(t, p, p.servers[n%2], s)
	revoked := time.Now()
	result := make(delays, len(p.servers))
	var pollers sync.WaitGroup
	for i, server := range p.servers {
		pollers.Go(func() {
			for {
				delay := time.Since(revoked) // counts up to the start of the request
				if status := p.read(t, server, s); status == s.refusedStatus {
					result[i] = delay
					return
				}
				if delay > 10*maxDelay {
					t.Errorf("revocation %d isn't enforced", n)
					return
				}
			}
		})
	}
	pollers.Wait()
	for _, server := range p.servers { // a refused reader stays refused
		if status := p.read(t, server, s); status != s.refusedStatus {
			t.Errorf("revocation %d was lost: status %d", n, status)
		}
	}
	return result
}

// percentile returns the delay below which this share of the delays is.
func (d delays) percentile(share float64) time.Duration { return d[int(share*float64(len(d)-1))] }

func (d delays) worst() time.Duration { return d.percentile(1) }

// String formats the percentiles, and how many delays were shorter than the 2 ms that
// the next request takes.
func (d delays) String() string {
	const nextRequest = 2 * time.Millisecond
	n, _ := slices.BinarySearch(d, nextRequest)
	return fmt.Sprintf("%d delays: p50 %v, p99 %v, p99.9 %v, worst %v; %d refused from the next"+
		" request on", len(d), d.percentile(0.5), d.percentile(0.99), d.percentile(0.999),
		d.worst(), n)
}
