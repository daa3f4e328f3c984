package portstest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func changeNotifierSuite() []contractCase {
	return append(notifierChanges(), notifierDelivery()...)
}

func notifierChanges() []contractCase {
	const says = "Subscribe calls notify after the commit of every change to a tenant, API key," +
		" user or membership, no matter who makes it."
	return []contractCase{
		{
			name: "tenant change is notified",
			says: says,
			prove: func(p *probe) {
				r := p.subscribe()
				defer r.stop()
				made := p.tenant("initech")
				r.wants(p, ports.ChangeNotification{Kind: ports.TenantChanged, ID: made.ID},
					"Tenants.Create")
				p.setState(p.acme, tenancy.Suspended)
				r.wants(p, ports.ChangeNotification{Kind: ports.TenantChanged, ID: p.acme},
					"Tenants.Update")
				made.Settings = json.RawMessage(`{"color":"red"}`)
				_, err := p.Tenants.Update(p.ctx, made)
				p.ok(err, "Tenants.Update")
				r.wants(p, ports.ChangeNotification{Kind: ports.TenantChanged, ID: made.ID},
					"Tenants.Update of the settings")
			},
		},
		{
			name: "revoked key is notified",
			says: says,
			prove: func(p *probe) {
				k := p.key(p.acme, 1)
				r := p.subscribe()
				defer r.stop()
				p.ok(p.Keys.Revoke(p.ctx, p.acme, k.ID), "Keys.Revoke")
				r.wants(p, ports.ChangeNotification{Kind: ports.KeyChanged, ID: idOf(k.ID)},
					"Keys.Revoke")
			},
		},
		{
			name: "used key isn't notified",
			says: "The use of an API key isn't a change.",
			prove: func(p *probe) {
				revoked, used := p.key(p.acme, 1), p.key(p.acme, 2)
				r := p.subscribe()
				defer r.stop()
				p.findKey(used.Hash)
				p.ok(p.Keys.Revoke(p.ctx, p.acme, revoked.ID), "Keys.Revoke of another key")
				r.wantsNoKey(p, used.ID, "the use of a key")
			},
		},
		{
			name: "new key isn't notified",
			says: "A new API key or a new user isn't a change.",
			prove: func(p *probe) {
				r := p.subscribe()
				defer r.stop()
				k := p.key(p.acme, 1)
				_, err := p.Keys.Create(p.ctx, p.acme, newKey(p.globex, 2))
				p.code(err, tenancy.CodeTenantMismatch, "Create of another tenant's key")
				r.wantsNoKey(p, k.ID, "a new key")
			},
		},
		{
			name: "user and membership changes are notified",
			says: says,
			prove: func(p *probe) {
				u, boss := p.user(1), p.user(2)
				want := ports.ChangeNotification{Kind: ports.UserChanged, ID: idOf(u.ID)}
				p.member(p.acme, boss, tenancy.Admin)
				r := p.subscribe()
				defer r.stop()
				p.member(p.acme, u, tenancy.Viewer)
				r.wants(p, want, "Members.Put of a new member")
				p.member(p.acme, u, tenancy.Admin)
				r.wants(p, want, "Members.Put of another role")
				p.ok(p.Members.Remove(p.ctx, p.acme, u.ID), "Members.Remove")
				r.wants(p, want, "Members.Remove")
				super := true
				_, err := p.Users.Update(p.ctx, u.ID, ports.UserChange{SuperAdmin: &super})
				p.ok(err, "Users.Update")
				r.wants(p, want, "Users.Update")
				p.ok(p.Users.Remove(p.ctx, u.ID), "Users.Remove")
				r.wants(p, want, "Users.Remove")
			},
		},
	}
}

func notifierDelivery() []contractCase {
	return []contractCase{
		{
			name: "notifications come one at a time until stop",
			says: "Subscribe makes one call at a time, each after the commit, until stop is" +
				" called.",
			prove: func(p *probe) {
				r := p.subscribe()
				var wanted []tenancy.ID
				for range 5 {
					for _, id := range []tenancy.ID{p.acme, p.globex} {
						p.setState(id, tenancy.Suspended)
						p.setState(id, tenancy.Active)
						wanted = append(wanted, id, id)
					}
				}
				p.flush()
				p.equal(r.ids(ports.TenantChanged), wanted, "the notified tenants, in order")
				p.equal(r.overlapped(), false, "whether calls overlapped")
				r.stop()
				p.setState(p.acme, tenancy.Suspended)
				p.flush()
				p.equal(r.ids(ports.TenantChanged), wanted, "the notified tenants after stop")
			},
		},
		{
			name: "flush waits for delivery",
			says: "Flush waits until every change committed before the call has been delivered.",
			prove: func(p *probe) {
				r := p.subscribe()
				defer r.stop()
				for n := range 20 {
					k := p.key(p.acme, n+1)
					p.ok(p.Keys.Revoke(p.ctx, p.acme, k.ID), "Keys.Revoke")
					p.flush()
					p.equal(slices.Contains(r.ids(ports.KeyChanged), idOf(k.ID)), true,
						"whether key %d was notified before Flush returned", n+1)
				}
			},
		},
		{
			name: "healthy notifier has delivered old changes",
			says: "Healthy reports whether every change committed more than half a second ago has" +
				" been delivered.",
			prove: func(p *probe) {
				r := p.subscribe()
				defer r.stop()
				p.setState(p.acme, tenancy.Suspended)
				committed := time.Now()
				for !p.ChangeNotifier.Healthy() || time.Since(committed) < 600*time.Millisecond {
					if time.Since(committed) > notifierTimeout {
						p.fail("Healthy stays false")
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
				p.equal(slices.Contains(r.ids(ports.TenantChanged), p.acme), true,
					"whether a change older than half a second was notified")
			},
		},
	}
}

// notifierTimeout bounds how long a store may take until it delivers notifications.
const notifierTimeout = 10 * time.Second

// notificationLog records the notifications that it receives.
type notificationLog struct {
	stop func()

	mu       sync.Mutex
	received []ports.ChangeNotification
	active   bool // a call is in progress
	overlap  bool // a call began while another was in progress
}

// subscribe subscribes and waits until the store delivers. It drops the
// notifications of earlier changes, which may still arrive.
func (p *probe) subscribe() *notificationLog {
	r := &notificationLog{}
	r.stop = p.ChangeNotifier.Subscribe(r.receive)
	p.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received = nil
	return r
}

// flush calls Flush until it succeeds: a store may still be starting to deliver.
func (p *probe) flush() {
	ctx, cancel := context.WithTimeout(p.ctx, notifierTimeout)
	defer cancel()
	for p.err == nil {
		err := p.ChangeNotifier.Flush(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			p.ok(err, "ChangeNotifier.Flush")
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *notificationLog) receive(n ports.ChangeNotification) {
	r.mu.Lock()
	r.overlap = r.overlap || r.active
	r.active = true
	r.received = append(r.received, n)
	r.mu.Unlock()
	time.Sleep(100 * time.Microsecond)
	r.mu.Lock()
	r.active = false
	r.mu.Unlock()
}

func (r *notificationLog) overlapped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.overlap
}

// ids returns the ids of the received notifications of one kind.
func (r *notificationLog) ids(kind ports.ChangeKind) (ids []tenancy.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.received {
		if n.Kind == kind {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// wants requires that n was received, and drops all received notifications.
func (r *notificationLog) wants(p *probe, n ports.ChangeNotification, of string) {
	p.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	p.equal(slices.Contains(r.received, n), true, "whether %s is notified", of)
	r.received = nil
}

// wantsNoKey requires that no notification of the key was received.
func (r *notificationLog) wantsNoKey(p *probe, id, what string) {
	p.flush()
	p.equal(slices.Contains(r.ids(ports.KeyChanged), idOf(id)), false,
		"whether %s is notified", what)
}

// idOf parses an id. It returns zero for an id of another form, which no store can
// notify.
func idOf(text string) tenancy.ID {
	id, _ := tenancy.ParseID(text)
	return id
}
