package portstest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditedWrite is a method that writes: do leaves one entry, refused leaves none.
type auditedWrite struct {
	method  string
	action  string
	target  tenancy.AuditTarget
	details []string // the members that the details have
	do      func(ctx context.Context, p *probe) error
	refused func(ctx context.Context, p *probe) error
}

func auditWrites() []contractCase {
	var all []contractCase
	for _, a := range tenantOwnedWrites() {
		all = append(all, contractCase{
			name: "one entry of " + a.method + " " + a.action,
			says: "Every method of every port that changes a tenant's data or its administration" +
				" appends an entry in the transaction of the change, so that neither happens" +
				" without the other.",
			prove: func(p *probe) {
				a.proveEntry(p)
			},
		}, contractCase{
			name: "no entry of a refused " + a.method + " " + a.action,
			says: "A refused write leaves no entry of that write.",
			prove: func(p *probe) {
				a.proveNoEntry(p)
			},
		})
	}
	return append(all, auditImports()...)
}

func (a auditedWrite) proveEntry(p *probe) {
	p.ok(a.do(p.asUser("u1"), p), "%s", a.method)
	_, last, err := p.Audit.Ends(p.ctx, p.acme)
	p.ok(err, "Audit.Ends")
	found := p.log(p.acme, ports.AuditFilter{Actor: "u1"})
	p.equal(actionsOf(found), []string{a.action}, "the actions in the log after %s", a.method)
	for _, e := range found {
		p.equal(e.Seq, last.Seq, "the entry's Seq")
		p.equal(e.Actor, tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "u1", Name: "User u1"},
			"the actor")
		p.equal(e.Target, a.target, "the target")
		p.equal(e.RequestID, "request of u1", "the request's id")
		p.equal(e.Address, "192.0.2.1", "the request's address")
		p.equal(e.Outcome, tenancy.Done, "the outcome")
		var details map[string]any
		p.ok(json.Unmarshal(e.Details, &details), "the details %s", e.Details)
		p.equal(details["reason"], "because", "the reason")
		for _, member := range a.details {
			if details[member] == nil {
				p.fail("the details %s lack %q", e.Details, member)
			}
		}
		if strings.Contains(string(e.Text), "hunter2") {
			p.fail("the entry %s holds a secret", e.Text)
		}
	}
	p.equal(actionsOf(p.log(p.globex, ports.AuditFilter{Actor: "u1"})), []string{},
		"the actions in the other tenant's log")
	p.verifyChain(p.acme)
}

func (a auditedWrite) proveNoEntry(p *probe) {
	err := a.refused(p.asUser("u1"), p)
	if err == nil {
		p.fail("%s = nil; want an error", a.method)
	}
	p.equal(actionsOf(p.log(p.acme, ports.AuditFilter{Actor: "u1"})), []string{},
		"the actions in the log after %s was refused", a.method)
	p.equal(p.allActions(ports.AuditFilter{Actor: "u1"}), []string{},
		"the actions in all logs")
}

func tenantOwnedWrites() []auditedWrite {
	widget := tenancy.AuditTarget{Kind: "widget", Name: "w"}
	return append([]auditedWrite{
		{
			method: "Resources.Put", action: "resource.create", target: widget,
			details: []string{"after", "version", "secrets"},
			do: func(ctx context.Context, p *probe) error {
				_, _, err := p.Resources.Put(ctx, p.acme,
					item("widget", "w", `{"token":"hunter2"}`), ports.Condition{})
				return err
			},
			refused: func(ctx context.Context, p *probe) error {
				_, _, err := p.Resources.Put(ctx, p.acme,
					item("widget", "w", `{"maker":"missing","token":"hunter2"}`), ports.Condition{})
				return err
			},
		},
		{
			method: "Resources.Put", action: "resource.update", target: widget,
			details: []string{"before", "after", "version"},
			do: func(ctx context.Context, p *probe) error {
				p.put(p.acme, item("widget", "w", `{}`))
				_, _, err := p.Resources.Put(ctx, p.acme, item("widget", "w", `{"size":1}`),
					ports.Condition{})
				return err
			},
			refused: func(ctx context.Context, p *probe) error {
				p.put(p.acme, item("widget", "w", `{}`))
				_, _, err := p.Resources.Put(ctx, p.acme, item("widget", "w", `{"size":2}`),
					ports.Condition{Version: 7})
				return err
			},
		},
		{
			method: "Resources.Delete", action: "resource.delete", target: widget,
			details: []string{"before", "version"},
			do: func(ctx context.Context, p *probe) error {
				p.put(p.acme, item("widget", "w", `{}`))
				return p.Resources.Delete(ctx, p.acme, ref("widget", "w"), ports.Condition{})
			},
			refused: func(ctx context.Context, p *probe) error {
				p.put(p.acme, item("widget", "w", `{}`), item("widget", "child", `{"parent":"w"}`))
				return p.Resources.Delete(ctx, p.acme, ref("widget", "w"), ports.Condition{})
			},
		},
		{
			method: "Vault.Set", action: "secret.set",
			target: tenancy.AuditTarget{Kind: "secret", Name: "s"},
			do: func(ctx context.Context, p *probe) error {
				return p.Vault.Set(ctx, p.acme, "s", []byte("hunter2"))
			},
			refused: func(ctx context.Context, p *probe) error {
				return p.Vault.Set(ctx, p.acme, " s", []byte("hunter2"))
			},
		},
		{
			method: "Vault.Unset", action: "secret.unset",
			target: tenancy.AuditTarget{Kind: "secret", Name: "s"},
			do: func(ctx context.Context, p *probe) error {
				p.setSecret(p.acme, "s", "hunter2")
				return p.Vault.Unset(ctx, p.acme, "s")
			},
			refused: func(ctx context.Context, p *probe) error {
				return p.Vault.Unset(ctx, p.acme, "none")
			},
		},
		{
			method: "Keys.Create", action: "key.create", target: tenancy.AuditTarget{
				Kind: "key", Name: "key 1"}, details: []string{"id", "role"},
			do: func(ctx context.Context, p *probe) error {
				_, err := p.Keys.Create(ctx, p.acme, newKey(p.acme, 1))
				return err
			},
			refused: func(ctx context.Context, p *probe) error {
				p.key(p.acme, 1)
				_, err := p.Keys.Create(ctx, p.acme, newKey(p.acme, 1))
				return err
			},
		},
		{
			method: "Keys.Rotate", action: "key.rotate",
			target:  tenancy.AuditTarget{Kind: "key", Name: "key 1"},
			details: []string{"id", "role", "rotated_to", "expires_at"},
			do: func(ctx context.Context, p *probe) error {
				_, err := p.Keys.Rotate(ctx, p.acme, p.key(p.acme, 1).ID, p.successor(2),
					time.Now().Add(time.Hour))
				return err
			},
			refused: func(ctx context.Context, p *probe) error {
				_, err := p.Keys.Rotate(ctx, p.acme, p.key(p.globex, 1).ID, p.successor(2),
					time.Now().Add(time.Hour))
				return err
			},
		},
		{
			method: "Keys.Revoke", action: "key.revoke", target: tenancy.AuditTarget{
				Kind: "key", Name: "key 1"}, details: []string{"id", "role"},
			do: func(ctx context.Context, p *probe) error {
				return p.Keys.Revoke(ctx, p.acme, p.key(p.acme, 1).ID)
			},
			refused: func(ctx context.Context, p *probe) error {
				return p.Keys.Revoke(ctx, p.acme, p.key(p.globex, 1).ID)
			},
		},
	}, tenantUpdates()...)
}

// tenantUpdates are the changes of a tenant's state, each with its own action.
func tenantUpdates() []auditedWrite {
	var all []auditedWrite
	for _, c := range []struct {
		action   string
		from, to tenancy.State
	}{
		{"tenant.update", tenancy.Active, tenancy.Active},
		{"tenant.suspend", tenancy.Active, tenancy.Suspended},
		{"tenant.activate", tenancy.Suspended, tenancy.Active},
		{"tenant.delete", tenancy.Suspended, tenancy.Deleted},
		{"tenant.restore", tenancy.Deleted, tenancy.Active},
	} {
		change := func(ctx context.Context, p *probe, version int64) error {
			if c.from != tenancy.Active {
				p.setState(p.acme, c.from)
			}
			t, err := p.Tenants.Get(ctx, p.acme)
			p.ok(err, "Tenants.Get")
			t.Name, t.State, t.DeletedAt, t.Version = "New name", c.to, t.CreatedAt,
				t.Version+version
			if c.to != tenancy.Deleted {
				t.DeletedAt = newTenant("x").DeletedAt
			}
			_, err = p.Tenants.Update(ctx, t)
			return err
		}
		all = append(all, auditedWrite{
			method: "Tenants.Update", action: c.action,
			target:  tenancy.AuditTarget{Kind: "tenant", Name: "acme"},
			details: []string{"before", "after", "version", "name"},
			do:      func(ctx context.Context, p *probe) error { return change(ctx, p, 0) },
			refused: func(ctx context.Context, p *probe) error { return change(ctx, p, 1) },
		})
	}
	return all
}

func auditImports() []contractCase {
	const says = "An import that applied leaves one entry in the audit log, bundle.import; any" +
		" other leaves none."
	apply := func(ctx context.Context, p *probe, tenant tenancy.ID, failure error) error {
		return p.Transfers.Import(ctx, tenant, func(im ports.Import) error {
			if err := im.Stage(ctx, federation.Source{}, p.incoming(item("widget", "w", `{}`))); err != nil {
				return err
			}
			if _, err := decideAndApply(ctx, im, writeAll); err != nil {
				return err
			}
			im.Describe(map[string]any{"of": tenant})
			return failure
		})
	}
	return []contractCase{
		{
			name: "entry of Transfers.Import",
			says: says,
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one")
				p.ok(apply(p.asUser("u1"), p, p.acme, nil), "Transfers.Import")
				p.appendEvents(p.acme, "x.two")
				p.ok(apply(p.asUser("u2"), p, p.acme, nil), "Transfers.Import")
				p.equal(actionsOf(p.logPage(p.acme, ports.AuditQuery{Limit: 4})),
					[]string{"bundle.import", "x.two", "bundle.import", "x.one"}, "acme's log")
				for _, e := range p.log(p.acme, ports.AuditFilter{Actor: "u1"}) {
					p.equal(e.Actor.Name+", "+e.RequestID+", "+e.Address,
						"User u1, request of u1, 192.0.2.1", "the actor, request id and address")
				}
				p.equal(actionsOf(p.log(p.globex, ports.AuditFilter{Action: "bundle.import"})),
					[]string{}, "globex's imports")
				p.verifyChain(p.acme)
			},
		},
		{
			name:     "import is described by its entry",
			says:     "Describe sets the details of the import's entry in the audit log.",
			isolates: []string{"Import.Describe"},
			prove: func(p *probe) {
				for _, tenant := range []tenancy.ID{p.acme, p.globex} {
					p.ok(apply(p.asUser("u1"), p, tenant, nil), "Transfers.Import")
					found := p.log(tenant, ports.AuditFilter{Actor: "u1"})
					p.equal(len(found), 1, "the number of imports in the log")
					for _, e := range found {
						want := fmt.Sprintf(`{"of":%q,"reason":"because"}`, tenant)
						p.equal(sameJSON(e.Details, json.RawMessage(want)), true,
							"whether the details %s are %s", e.Details, want)
					}
				}
			},
		},
		{
			name: "no entry of a failed import",
			says: says,
			prove: func(p *probe) {
				p.code(apply(p.asUser("u1"), p, p.acme, tenancy.Errorf(tenancy.CodeImportConflict,
					"no")), tenancy.CodeImportConflict, "Transfers.Import")
				p.ok(p.Transfers.Import(p.asUser("u1"), p.acme,
					func(ports.Import) error { return nil }), "an import that does nothing")
				p.equal(actionsOf(p.log(p.acme, ports.AuditFilter{Actor: "u1"})), []string{},
					"the actions in the log")
			},
		},
		{
			name: "entry of Tenants.Create",
			says: "Every method of every port that changes a tenant's data or its administration" +
				" appends an entry in the transaction of the change",
			prove: func(p *probe) {
				made, err := p.Tenants.Create(p.asUser("u1"), newTenant("initech"))
				p.ok(err, "Tenants.Create")
				found := p.log(made.ID, ports.AuditFilter{})
				p.equal(actionsOf(found), []string{"tenant.create"}, "the log of a new tenant")
				for _, e := range found {
					p.equal(e.Target, tenancy.AuditTarget{Kind: "tenant", Name: "initech"},
						"the target")
					p.equal(e.TenantSlug, tenancy.Slug("initech"), "the slug")
					p.equal(e.Actor.ID, "u1", "the actor")
				}
				_, err = p.Tenants.Create(p.asUser("u2"), newTenant("initech"))
				p.code(err, tenancy.CodeSlugTaken, "Tenants.Create of a taken slug")
				p.equal(p.allActions(ports.AuditFilter{Actor: "u2"}), []string{},
					"the actions of the refused create in all logs")
			},
		},
	}
}
