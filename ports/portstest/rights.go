package portstest

import (
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	saysChecked = "Every method that writes checks it in the transaction of the write: if" +
		" [tenancy.Right.Check] refuses, the method returns its error and writes nothing."
	saysTaken = "When an API key, a session, a membership, a role, a user or a super-admin's" +
		" flag is taken away, or a tenant suspended or deleted, no write that relied on it commits" +
		" afterwards."
	saysOwn = "A write that ends its own caller's right succeeds."
)

func rightsSuite() []contractCase {
	cases := []contractCase{heldRightAllowsEveryWrite(), noRightIsChecked()}
	for _, e := range rightEnds() {
		cases = append(cases, contractCase{
			name: "write is refused after " + e.name, says: saysChecked,
			prove: func(p *probe) { e.refusesEveryWrite(p) },
		})
	}
	return slices.Concat(cases, rightsEndDuringWrites(), ownRightEnds())
}

// Numbers of the caller's key, user and session. rightWrites use other numbers.
const (
	callerNumber = 90
	laterAdmin   = 91
)

// userRight returns the right of a user who is an admin of acme, with a session. A second
// admin makes sure that the first may go.
func (p *probe) userRight(needs tenancy.Permission) tenancy.Right {
	u := p.user(callerNumber)
	p.member(p.acme, u, tenancy.Admin)
	p.member(p.acme, p.user(laterAdmin), tenancy.Admin)
	s := p.session(u.ID, callerNumber)
	return tenancy.Right{
		Principal: tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID, Name: u.Name,
			Roles: map[tenancy.ID]tenancy.Role{p.acme: tenancy.Admin}},
		Stored: true, Session: s.ID, Tenant: p.acme, Needs: needs,
	}
}

// superAdminRight returns the right of a super-admin with a session, in no tenant.
func (p *probe) superAdminRight() tenancy.Right {
	u := newUser(callerNumber)
	u.SuperAdmin = true
	_, err := p.Users.Create(p.ctx, u, "")
	p.ok(err, "Users.Create of a super-admin")
	s := p.session(u.ID, callerNumber)
	return tenancy.Right{
		Principal: tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID, Name: u.Name,
			SuperAdmin: true},
		Stored: true, Session: s.ID, Needs: tenancy.UserManage,
	}
}

// keyRight returns the right of an admin's API key of acme.
func (p *probe) keyRight(needs tenancy.Permission, expires time.Time) tenancy.Right {
	k := newKey(p.acme, callerNumber)
	k.Role, k.ExpiresAt = tenancy.Admin, expires
	_, err := p.Keys.Create(p.ctx, p.acme, k)
	p.ok(err, "Keys.Create of the caller's key")
	return tenancy.Right{
		Principal: tenancy.Principal{Kind: tenancy.KeyPrincipal, ID: k.ID, Name: k.Name,
			KeyTenant: p.acme, Roles: map[tenancy.ID]tenancy.Role{p.acme: tenancy.Admin}},
		Stored: true, Tenant: p.acme, Needs: needs,
	}
}

// rightEnd is one way in which a right ends.
type rightEnd struct {
	name  string
	code  tenancy.Code
	right func(p *probe) tenancy.Right
	end   func(p *probe, r *tenancy.Right)
}

// refusesEveryWrite ends the right, and requires that every write is refused with the
// end's code and leaves no entry in an audit log.
func (e rightEnd) refusesEveryWrite(p *probe) {
	right := e.right(p)
	writes := rightWrites()
	for _, w := range writes {
		w.prepare(p)
	}
	e.end(p, &right)
	before := len(p.allEntries(ports.AuditFilter{}))
	ctx := tenancy.WithRight(p.ctx, right)
	for _, w := range writes {
		p.code(w.do(p, ctx), e.code, "%s after %s", w.method, e.name)
	}
	p.equal(len(p.allEntries(ports.AuditFilter{})), before, "the number of entries of all audit logs")
}

func admin(p *probe) tenancy.Right { return p.userRight(tenancy.MemberWrite) }

func adminKey(p *probe) tenancy.Right { return p.keyRight(tenancy.KeyWrite, time.Time{}) }

// operator returns the right of the platform's token in acme.
func operator(p *probe) tenancy.Right {
	return tenancy.Right{
		Principal: tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true},
		Tenant:    p.acme, Needs: tenancy.ResourceWrite,
	}
}

// hostsCaller returns the right of a caller of whom the store knows nothing.
func hostsCaller(p *probe) tenancy.Right {
	return tenancy.Right{
		Principal: tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "of the host",
			Roles: map[tenancy.ID]tenancy.Role{p.acme: tenancy.Editor}},
		Tenant: p.acme, Needs: tenancy.ResourceWrite,
	}
}

func superAdmin(p *probe) tenancy.Right { return p.superAdminRight() }

// superAdminInAnyState returns the right to manage acme, of a super-admin.
func superAdminInAnyState(p *probe) tenancy.Right {
	r := p.superAdminRight()
	r.Tenant, r.Needs, r.InAnyState = p.acme, tenancy.KeyWrite, true
	return r
}

func setAcme(state tenancy.State) func(*probe, *tenancy.Right) {
	return func(p *probe, _ *tenancy.Right) { p.setState(p.acme, state) }
}

func rightEnds() []rightEnd { return slices.Concat(storedEnds(), callEnds()) }

// storedEnds are the ends that are written to the store.
func storedEnds() []rightEnd { return slices.Concat(keyEnds(), userEnds(), tenantEnds()) }

// callEnds are the ends that the call itself brings.
func callEnds() []rightEnd {
	expiring := func(p *probe) tenancy.Right {
		return p.keyRight(tenancy.KeyWrite, time.Now().Add(time.Hour))
	}
	at := func(later time.Time) func(*probe, *tenancy.Right) {
		return func(_ *probe, r *tenancy.Right) { r.Clock = func() time.Time { return later } }
	}
	return []rightEnd{
		{"the key expires", tenancy.CodeUnauthenticated, expiring,
			at(time.Now().Add(2 * time.Hour))},
		{"the session expires", tenancy.CodeUnauthenticated, admin,
			at(sessionsStart.Add(48 * time.Hour))},
		{"a super-admin is needed", tenancy.CodeForbidden, admin,
			func(_ *probe, r *tenancy.Right) { r.SuperAdmin = true }},
	}
}

func keyEnds() []rightEnd {
	return []rightEnd{
		{"the key is revoked", tenancy.CodeUnauthenticated, adminKey,
			func(p *probe, r *tenancy.Right) {
				p.ok(p.Keys.Revoke(p.ctx, p.acme, r.Principal.ID), "Keys.Revoke")
			}},
		{"the key is replaced", tenancy.CodeUnauthenticated, adminKey,
			func(p *probe, r *tenancy.Right) {
				_, err := p.Keys.Rotate(p.ctx, p.acme, r.Principal.ID, p.successor(92),
					time.Now().Add(-time.Minute))
				p.ok(err, "Keys.Rotate")
			}},
	}
}

func userEnds() []rightEnd {
	return []rightEnd{
		{"the session ends", tenancy.CodeUnauthenticated, admin,
			func(p *probe, r *tenancy.Right) {
				p.ok(p.Sessions.Revoke(p.ctx, r.Principal.ID, r.Session), "Sessions.Revoke")
			}},
		{"all sessions end", tenancy.CodeUnauthenticated, superAdmin,
			func(p *probe, r *tenancy.Right) {
				p.ok(p.Sessions.RevokeAll(p.ctx, r.Principal.ID), "Sessions.RevokeAll")
			}},
		{"the password changes", tenancy.CodeUnauthenticated, admin,
			func(p *probe, r *tenancy.Right) { p.setPassword(r.Principal.ID, "$hash$new") }},
		{"the user is removed", tenancy.CodeUnauthenticated, superAdmin,
			func(p *probe, r *tenancy.Right) {
				p.ok(p.Users.Remove(p.ctx, r.Principal.ID), "Users.Remove")
			}},
		{"the super-admin's flag is taken", tenancy.CodeForbidden, superAdmin, takeFlag},
		{"the flag of a super-admin in a tenant is taken", tenancy.CodeTenantNotFound,
			superAdminInAnyState, takeFlag},
		membershipEnd,
		{"the role is lowered", tenancy.CodeForbidden, admin, lowerRole},
	}
}

var membershipEnd = rightEnd{"the membership is removed", tenancy.CodeTenantNotFound, admin,
	func(p *probe, r *tenancy.Right) {
		p.ok(p.Members.Remove(p.ctx, p.acme, r.Principal.ID), "Members.Remove")
	}}

func takeFlag(p *probe, r *tenancy.Right) {
	_, err := p.Users.Update(p.ctx, r.Principal.ID, ports.UserChange{SuperAdmin: new(false)})
	p.ok(err, "Users.Update")
}

func lowerRole(p *probe, r *tenancy.Right) {
	_, err := p.Members.Change(p.ctx, p.acme, r.Principal.ID, tenancy.Editor)
	p.ok(err, "Members.Change")
}

func tenantEnds() []rightEnd {
	return []rightEnd{
		{"the tenant of a user is suspended", tenancy.CodeTenantSuspended, admin,
			setAcme(tenancy.Suspended)},
		{"the tenant of a user is deleted", tenancy.CodeTenantNotFound, admin,
			setAcme(tenancy.Deleted)},
		{"the tenant of a key is suspended", tenancy.CodeTenantSuspended, adminKey,
			setAcme(tenancy.Suspended)},
		{"the tenant of a key is deleted", tenancy.CodeUnauthenticated, adminKey,
			setAcme(tenancy.Deleted)},
		{"the operator's tenant is suspended", tenancy.CodeTenantSuspended, operator,
			setAcme(tenancy.Suspended)},
		{"the operator's tenant is deleted", tenancy.CodeTenantNotFound, operator,
			setAcme(tenancy.Deleted)},
		{"the tenant of a host's caller is suspended", tenancy.CodeTenantSuspended, hostsCaller,
			setAcme(tenancy.Suspended)},
		{"the tenant of a host's caller is deleted", tenancy.CodeTenantNotFound, hostsCaller,
			setAcme(tenancy.Deleted)},
	}
}

// heldRightAllowsEveryWrite makes sure that the writes which the other cases refuse are
// valid ones.
func heldRightAllowsEveryWrite() contractCase {
	return contractCase{
		name: "held right allows every write",
		says: "A context may carry the right of a call ([tenancy.Right]).",
		prove: func(p *probe) {
			ctx := tenancy.WithRight(p.ctx, p.superAdminRight())
			for _, w := range rightWrites() {
				w.prepare(p)
				p.ok(w.do(p, ctx), "%s with a right that holds", w.method)
			}
		},
	}
}

func noRightIsChecked() contractCase {
	return contractCase{
		name: "note of what happens needs no right",
		says: "The methods that only note what happens don't check: Append of both audit logs," +
			" [LoginAttempts], [KeyFinder.Find] and [SessionFinder.Touch].",
		prove: func(p *probe) {
			right := p.userRight(tenancy.MemberWrite)
			k := p.key(p.acme, 1)
			p.ok(p.Users.Remove(p.ctx, right.Principal.ID), "Users.Remove")
			ctx := tenancy.WithRight(p.ctx, right)
			event := tenancy.Event{Action: "member.write"}.Denied()
			p.ok(p.Audit.Append(ctx, p.acme, event), "Audit.Append")
			p.ok(p.PlatformAudit.Append(ctx, event), "PlatformAudit.Append")
			counted := subject("a")
			_, err := p.LoginAttempts.Begin(ctx, attemptsStart, counted)
			p.ok(err, "LoginAttempts.Begin")
			p.ok(p.LoginAttempts.Refund(ctx, counted.Key), "LoginAttempts.Refund")
			p.ok(p.LoginAttempts.Clear(ctx, counted.Key), "LoginAttempts.Clear")
			_, err = p.KeyFinder.Find(ctx, k.Hash)
			p.ok(err, "KeyFinder.Find")
			p.ok(p.SessionFinder.Touch(ctx, right.Session, sessionsStart), "SessionFinder.Touch")
		},
	}
}
