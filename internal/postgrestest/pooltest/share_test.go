package pooltest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// smallWorld is a world whose pools have few connections.
func smallWorld(t *testing.T, change func(*postgres.Options)) fixture.World {
	t.Helper()
	w := fixture.World{URL: fixture.MigratedURL(t, true), Acme: tenancy.NewID(),
		Other: tenancy.NewID()}
	o := fixture.Options(w.URL, true)
	o.MaxConns, o.SystemConns, o.BulkConns = 4, 2, 2
	if change != nil {
		change(&o)
	}
	w.DB = fixture.Open(t, o)
	for id, slug := range map[tenancy.ID]tenancy.Slug{w.Acme: "acme", w.Other: "other"} {
		_, err := w.DB.Tenants().Create(t.Context(), tenancy.NewTenant(id, slug, string(slug)))
		require.NoError(t, err)
		fixture.PutWidget(t, w.DB, id, "w", string(slug))
	}
	return w
}

// held is work that has begun and waits until it is released.
type held struct {
	begun, release chan struct{}
	done           chan error
}

func newHeld() held {
	return held{make(chan struct{}, 100), make(chan struct{}), make(chan error, 100)}
}

func (h held) wait() error {
	h.begun <- struct{}{}
	<-h.release
	return nil
}

// finish releases n pieces of work and requires that they succeed.
func (h held) finish(t *testing.T, n int) {
	t.Helper()
	close(h.release)
	for range n {
		require.NoError(t, <-h.done)
	}
}

func TestImportsOfOneTenantLeaveConnectionsToTheOthers(t *testing.T) {
	t.Parallel()
	w := smallWorld(t, nil)
	h := newHeld()
	transfers := w.DB.Services().Transfers
	for range 10 {
		go func() { // ends after finish
			h.done <- transfers.Import(context.WithoutCancel(t.Context()), w.Acme,
				func(ports.Import) error { return h.wait() })
		}()
	}
	<-h.begun
	assert.LessOrEqual(t, w.DB.PoolStats()["bulk"].InUse, 1, "the others wait without a connection")
	require.NoError(t, transfers.Import(t.Context(), w.Other,
		func(ports.Import) error { return nil }))
	h.finish(t, 10)
}

func TestExportsOfOneTenantLeaveConnectionsToTheOthers(t *testing.T) {
	t.Parallel()
	w := smallWorld(t, nil)
	h := newHeld()
	transfers := w.DB.Services().Transfers
	export := func(tenant tenancy.ID, yield func() error) error {
		return transfers.Export(context.WithoutCancel(t.Context()), tenant, ports.Selection{},
			func(federation.Item) error { return yield() })
	}
	for range 10 {
		go func() { h.done <- export(w.Acme, h.wait) }() // ends after finish
	}
	<-h.begun
	assert.LessOrEqual(t, w.DB.PoolStats()["app"].InUse, 2)
	require.NoError(t, export(w.Other, func() error { return nil }))
	_, err := w.DB.Services().Resources.List(t.Context(), w.Acme,
		ports.ResourceQuery{Kind: "widget", Limit: 1})
	require.NoError(t, err, "the tenant's other requests")
	h.finish(t, 10)
}

func TestWorkThatWaitedInVainIsUnavailableWithATimeToRetry(t *testing.T) {
	t.Parallel()
	w := smallWorld(t, func(o *postgres.Options) { o.BulkWait = time.Millisecond })
	h := newHeld()
	transfers := w.DB.Services().Transfers
	go func() { // ends after finish
		h.done <- transfers.Import(context.WithoutCancel(t.Context()), w.Acme,
			func(ports.Import) error { return h.wait() })
	}()
	<-h.begun
	err := transfers.Import(t.Context(), w.Acme, func(ports.Import) error { return nil })
	var refused *tenancy.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, tenancy.CodeUnavailable, refused.Code)
	assert.Positive(t, refused.Members["retry_after"])
	h.finish(t, 1)
}

// Purges run on the system role's pool, which every request needs.
func TestPurgesLeaveConnectionsToOtherWork(t *testing.T) {
	t.Parallel()
	w := smallWorld(t, nil)
	superuser := fixture.Superuser(t, w.URL)
	blocker, err := superuser.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = blocker.Exec("LOCK TABLE widgets IN SHARE MODE") // no purge can delete rows
	require.NoError(t, err)
	const purges = 5
	done := make(chan error, purges)
	for range purges {
		slug := tenancy.Slug("t-" + tenancy.NewID().String()[24:])
		tenant := tenancy.NewTenant(tenancy.NewID(), slug, "T")
		stored, err := w.DB.Tenants().Create(t.Context(), tenant)
		require.NoError(t, err)
		require.NoError(t, stored.Delete(time.Now()))
		_, err = w.DB.Tenants().Update(t.Context(), stored)
		require.NoError(t, err)
		go func() { // ends after the blocker does
			_, err := w.DB.Tenants().Purge(context.WithoutCancel(t.Context()), tenant.ID)
			done <- err
		}()
	}
	require.Eventually(t, func() bool { return w.DB.PoolStats()["system"].InUse > 0 }, time.Minute,
		time.Millisecond)
	for range 20 {
		_, err := w.DB.Tenants().Get(t.Context(), w.Acme)
		require.NoError(t, err)
	}
	require.NoError(t, blocker.Rollback())
	for range purges {
		require.NoError(t, <-done)
	}
}

func TestAuditExportHoldsNoConnectionWhileItsCallerWorks(t *testing.T) {
	t.Parallel()
	w := smallWorld(t, nil)
	for range 450 { // several pages
		require.NoError(t, w.DB.Services().Audit.Append(t.Context(), w.Acme,
			tenancy.Event{Action: "test.event", Target: tenancy.AuditTarget{Kind: "test"}}))
	}
	entries := 0
	idle := func() bool {
		return w.DB.PoolStats()["app"].InUse == 0
	}
	err := w.DB.Services().Audit.Export(t.Context(), w.Acme, ports.AuditQuery{},
		func(_, _ tenancy.AuditChain) error {
			assert.True(t, idle())
			return nil
		}, func(tenancy.AuditEntry) error {
			assert.True(t, idle())
			entries++
			return nil
		})
	require.NoError(t, err)
	assert.Greater(t, entries, 450)
}
