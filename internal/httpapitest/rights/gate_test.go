package rights_test

import (
	"context"
	"io"
	"strings"
	"sync"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// gate calls a function once, between the authorization of a call and its write: when the
// handler begins to read the body, or, on a route without a body, when it calls the store.
type gate struct {
	mu     sync.Mutex
	open   func() // nil: the gate isn't armed
	opened bool
}

func (g *gate) arm(open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open, g.opened = open, false
}

// pass calls the function, unless it was called already.
func (g *gate) pass() {
	g.mu.Lock()
	open := g.open
	g.open, g.opened = nil, g.opened || open != nil
	g.mu.Unlock()
	if open != nil {
		open()
	}
}

func (g *gate) wasOpened() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// heldBody is a body whose second half arrives after the gate.
type heldBody struct {
	gate *gate
	half bool
	rest *strings.Reader
}

func (b *heldBody) Read(p []byte) (int, error) {
	if !b.half {
		b.half = true
		return b.rest.Read(p[:min(len(p), b.rest.Len()/2)])
	}
	b.gate.pass()
	return b.rest.Read(p)
}

func (b *heldBody) Close() error { return nil }

var _ io.ReadCloser = (*heldBody)(nil)

// gated puts a gate before the writes that a route without a body makes.
func gated(s ports.Services, g *gate) ports.Services {
	s.Keys = gatedKeys{s.Keys, g}
	s.Members = gatedMembers{s.Members, g}
	s.Users = gatedUsers{s.Users, g}
	s.Tenants = gatedTenants{s.Tenants, g}
	s.Invitations = gatedInvitations{s.Invitations, g}
	s.Resources = gatedResources{s.Resources, g}
	s.Sessions = gatedSessions{s.Sessions, g}
	s.Vault = gatedVault{s.Vault, g}
	return s
}

type gatedKeys struct {
	ports.Keys
	gate *gate
}

func (p gatedKeys) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	p.gate.pass()
	return p.Keys.Revoke(ctx, tenant, id)
}

type gatedMembers struct {
	ports.Members
	gate *gate
}

func (p gatedMembers) Remove(ctx context.Context, tenant tenancy.ID, user string) error {
	p.gate.pass()
	return p.Members.Remove(ctx, tenant, user)
}

type gatedUsers struct {
	ports.Users
	gate *gate
}

func (p gatedUsers) Remove(ctx context.Context, id string) error {
	p.gate.pass()
	return p.Users.Remove(ctx, id)
}

type gatedTenants struct {
	ports.Tenants
	gate *gate
}

func (p gatedTenants) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	p.gate.pass()
	return p.Tenants.Update(ctx, t)
}

type gatedInvitations struct {
	ports.Invitations
	gate *gate
}

func (p gatedInvitations) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	p.gate.pass()
	return p.Invitations.Revoke(ctx, tenant, id)
}

type gatedResources struct {
	ports.Resources
	gate *gate
}

func (p gatedResources) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition,
) error {
	p.gate.pass()
	return p.Resources.Delete(ctx, tenant, ref, cond)
}

type gatedVault struct {
	ports.Vault
	gate *gate
}

func (p gatedVault) Unset(ctx context.Context, tenant tenancy.ID, name string) error {
	p.gate.pass()
	return p.Vault.Unset(ctx, tenant, name)
}

type gatedSessions struct {
	ports.Sessions
	gate *gate
}

func (p gatedSessions) Revoke(ctx context.Context, user, id string) error {
	p.gate.pass()
	return p.Sessions.Revoke(ctx, user, id)
}

func (p gatedSessions) RevokeAll(ctx context.Context, user string) error {
	p.gate.pass()
	return p.Sessions.RevokeAll(ctx, user)
}
