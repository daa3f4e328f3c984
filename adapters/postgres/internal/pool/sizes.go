package pool

import (
	"cmp"
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/fairqueue"
)

// Sizes are the maximum numbers of connections of the pools.
type Sizes struct{ App, System, Bulk int }

// The default sizes on a server with enough connections.
const (
	defaultAppConns    = 20
	defaultSystemConns = 8
	defaultBulkConns   = 4
	listenConns        = 1 // of the notifier
)

// defaultSizes returns the sizes for a server that has this number of connections for the
// library's roles. A fifth of them, and one, are left to others: a migration, the doctor, a
// second instance that starts.
func defaultSizes(available int) Sizes {
	n := available - available/5 - 1 - listenConns
	if n >= defaultAppConns+defaultSystemConns+defaultBulkConns {
		return Sizes{defaultAppConns, defaultSystemConns, defaultBulkConns}
	}
	s := Sizes{App: max(1, n*5/8), Bulk: max(1, n/8)}
	s.System = max(1, n-s.App-s.Bulk)
	return s
}

// or returns s with the sizes of other where s has none.
func (s Sizes) or(other Sizes) Sizes {
	return Sizes{cmp.Or(s.App, other.App), cmp.Or(s.System, other.System),
		cmp.Or(s.Bulk, other.Bulk)}
}

// total is the number of connections of all pools and the notifier.
func (s Sizes) total() int { return s.App + s.System + s.Bulk + listenConns }

// availableConns is the number of connections that the server has for a role without
// privileges. Version 16 has reserved_connections.
const availableConns = `SELECT least(
	current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
		- coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0),
	nullif(d.datconnlimit, -1), nullif(r.rolconnlimit, -1))
	FROM pg_database AS d, pg_roles AS r
	WHERE d.datname = current_database() AND r.rolname = current_user`

// Fit chooses the sizes of the pools that the settings leave open, so that they fit the server,
// and the shares of the tenants in them. It must run before the pools are used concurrently.
func (p *Pool) Fit(ctx context.Context) error {
	var available int
	err := p.Bulk.NewRaw(availableConns).Scan(ctx, &available)
	if err != nil {
		return pgerr.Translate(err)
	}
	p.sizes = p.Settings.Conns.or(defaultSizes(available))
	if p.sizes.total() > available {
		p.Settings.Logger.WarnContext(ctx, "the database server has fewer connections than the"+
			" pools are set to: requests wait for each other",
			"server", available, "pools", p.sizes.total())
	}
	p.resize()
	p.share()
	return nil
}

// resize gives every pool its full size. One that the server refused a connection is smaller.
func (p *Pool) resize() {
	p.patientApp.resize(p.sizes.App)
	p.patientSystem.resize(p.sizes.System)
	p.patientBulk.resize(p.sizes.Bulk)
}

// resizeInterval is how often pools that became smaller are tried at their full size.
const resizeInterval = 10 * time.Second

// StartResizing starts to give pools their full size again, until p is closed.
func (p *Pool) StartResizing() {
	p.Background.Start(func(ctx context.Context) {
		tick := time.NewTicker(resizeInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				p.resize()
			}
		}
	})
}

// maxWaiting is how many exports, imports or purges of one tenant wait for their turn.
const maxWaiting = 128

// share makes the queues for the work that holds a connection for long.
func (p *Pool) share() {
	queue := func(slots, perTenant int, wait time.Duration) *fairqueue.Queue[tenancy.ID] {
		return fairqueue.New[tenancy.ID](fairqueue.Limits{Slots: max(1, slots),
			PerKey: max(1, perTenant), MaxWaiting: maxWaiting, MaxWait: wait})
	}
	p.Exports = queue(p.sizes.App/2, p.sizes.App/4, p.Settings.BulkWait)
	// two imports into one tenant never overlap: the second one would only hold a connection
	p.Imports = queue(p.sizes.Bulk, 1, p.Settings.BulkWait)
	p.Purges = queue(p.sizes.System/2, 1, p.Settings.BulkWait)
}
