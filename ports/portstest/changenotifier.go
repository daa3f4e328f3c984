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

func announcementsSuite() []clause {
	return []clause{
		{
			name: "hear of tenants",
			says: "Subscribe has heard called with each change of a tenant",
			prove: func(p *probe) {
				e := p.subscribe()
				defer e.stop()
				made := p.tenant("initech")
				e.wants(p, ports.ChangeNotification{Kind: ports.TenantChanged, ID: made.ID},
					"Tenants.Create")
				p.setState(p.acme, tenancy.Suspended)
				e.wants(p, ports.ChangeNotification{Kind: ports.TenantChanged, ID: p.acme},
					"Tenants.Update")
				made.Settings = json.RawMessage(`{"color":"red"}`)
				_, err := p.Tenants.Update(p.ctx, made)
				p.ok(err, "Tenants.Update")
				e.wants(p, ports.ChangeNotification{Kind: ports.TenantChanged, ID: made.ID},
					"Tenants.Update of the settings")
			},
		},
		{
			name: "hear of keys",
			says: "of a key but for its use",
			prove: func(p *probe) {
				k, kept := p.key(p.acme, 1), p.key(p.acme, 2)
				e := p.subscribe()
				defer e.stop()
				p.find(kept.Hash)
				p.ok(p.Keys.Revoke(p.ctx, p.acme, k.ID), "Keys.Revoke")
				e.wantsNothingOf(p, kept.ID, "a key that was used")
				e.wants(p, ports.ChangeNotification{Kind: ports.KeyChanged, ID: idOf(k.ID)},
					"Keys.Revoke")
			},
		},
		{
			name: "nothing new of keys",
			says: "a key or a person that is new is no change.",
			prove: func(p *probe) {
				e := p.subscribe()
				defer e.stop()
				k := p.key(p.acme, 1)
				_, err := p.Keys.Create(p.ctx, p.acme, newKey(p.globex, 2))
				p.code(err, tenancy.CodeTenantMismatch, "Create of another tenant's key")
				e.wantsNothingOf(p, k.ID, "a new key")
			},
		},
		{
			name: "hear of people",
			says: "of a person and of a person's place in a tenant, whoever makes it",
			prove: func(p *probe) {
				u, boss := p.user(1), p.user(2)
				want := ports.ChangeNotification{Kind: ports.UserChanged, ID: idOf(u.ID)}
				p.member(p.acme, boss, tenancy.Admin)
				e := p.subscribe()
				defer e.stop()
				p.member(p.acme, u, tenancy.Viewer)
				e.wants(p, want, "Members.Put of a newcomer")
				p.member(p.acme, u, tenancy.Admin)
				e.wants(p, want, "Members.Put of another role")
				p.ok(p.Members.Remove(p.ctx, p.acme, u.ID), "Members.Remove")
				e.wants(p, want, "Members.Remove")
				super := true
				_, err := p.Users.Update(p.ctx, u.ID, ports.UserChange{SuperAdmin: &super})
				p.ok(err, "Users.Update")
				e.wants(p, want, "Users.Update")
				p.ok(p.Users.Remove(p.ctx, u.ID), "Users.Remove")
				e.wants(p, want, "Users.Remove")
			},
		},
		{
			name: "hear in order, and of no more",
			says: "One call follows another, each after the commit, until stop is called.",
			prove: func(p *probe) {
				e := p.subscribe()
				var wanted []tenancy.ID
				for range 5 {
					for _, id := range []tenancy.ID{p.acme, p.globex} {
						p.setState(id, tenancy.Suspended)
						p.setState(id, tenancy.Active)
						wanted = append(wanted, id, id)
					}
				}
				p.settle()
				p.equal(e.ids(ports.TenantChanged), wanted,
					"the tenants that were heard of, in order")
				p.equal(e.overlapped(), false, "calls at the same time")
				e.stop()
				p.setState(p.acme, tenancy.Suspended)
				p.settle()
				p.equal(e.ids(ports.TenantChanged), wanted, "what was heard after stop")
			},
		},
		{
			name: "settle",
			says: "Settle waits until all has been heard that was committed before the call.",
			prove: func(p *probe) {
				e := p.subscribe()
				defer e.stop()
				for n := range 20 {
					k := p.key(p.acme, n+1)
					p.ok(p.Keys.Revoke(p.ctx, p.acme, k.ID), "Keys.Revoke")
					p.settle()
					p.equal(slices.Contains(e.ids(ports.KeyChanged), idOf(k.ID)), true,
						"key %d was heard of when Settle answered", n+1)
				}
			},
		},
		{
			name: "current",
			says: "Current reports whether all has been heard that was committed up to half a" +
				" second ago.",
			prove: func(p *probe) {
				e := p.subscribe()
				defer e.stop()
				p.setState(p.acme, tenancy.Suspended)
				committed := time.Now()
				for !p.ChangeNotifier.Healthy() || time.Since(committed) < 600*time.Millisecond {
					if time.Since(committed) > announcementPatience {
						p.fail("Current stays false")
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
				p.equal(slices.Contains(e.ids(ports.TenantChanged), p.acme), true,
					"what was committed long ago was heard")
			},
		},
	}
}

// announcementPatience bounds how long a store may take to listen.
const announcementPatience = 10 * time.Second

// ear keeps what it hears.
type ear struct {
	stop func()

	mu    sync.Mutex
	heard []ports.ChangeNotification
	busy  bool
	twice bool // it was called while it was
}

// subscribe listens, and waits until it does. What was changed before may still be
// heard of, and is forgotten.
func (p *probe) subscribe() *ear {
	e := &ear{}
	e.stop = p.ChangeNotifier.Subscribe(e.hear)
	p.settle()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = nil
	return e
}

// settle waits for a store that may be about to listen.
func (p *probe) settle() {
	ctx, cancel := context.WithTimeout(p.ctx, announcementPatience)
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

func (e *ear) hear(a ports.ChangeNotification) {
	e.mu.Lock()
	e.twice = e.twice || e.busy
	e.busy = true
	e.heard = append(e.heard, a)
	e.mu.Unlock()
	time.Sleep(100 * time.Microsecond)
	e.mu.Lock()
	e.busy = false
	e.mu.Unlock()
}

func (e *ear) overlapped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.twice
}

// ids are those that were heard of one kind.
func (e *ear) ids(kind ports.ChangeKind) (ids []tenancy.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.heard {
		if a.Kind == kind {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// wants wants a to be heard, and forgets what was.
func (e *ear) wants(p *probe, a ports.ChangeNotification, of string) {
	p.settle()
	e.mu.Lock()
	defer e.mu.Unlock()
	p.equal(slices.Contains(e.heard, a), true, "%s is heard of", of)
	e.heard = nil
}

func (e *ear) wantsNothingOf(p *probe, id, what string) {
	p.settle()
	p.equal(slices.Contains(e.ids(ports.KeyChanged), idOf(id)), false, "%s is heard of", what)
}

func idOf(text string) tenancy.ID {
	id, _ := tenancy.ParseID(text) // zero if it is none, which nothing is announced of
	return id
}
