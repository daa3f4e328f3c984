package httpapi

import (
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// withRight puts the right that the call was authorized with into its context. The stores
// check it again in the transaction of each write, since the caller chooses how long the
// body takes to arrive. The store has the callers that this package authenticates, except
// for the platform token.
func (a *api) withRight(c *call, op operation) {
	right := tenancy.Right{
		Principal: c.principal, Session: c.session.ID, Tenant: c.tenant.ID, Needs: op.needs,
		Grant:       op.hostGrant,
		Stored:      c.stored,
		InAnyState:  op.worksInAnyState(),
		IgnoreState: !a.multiTenant,
		Clock:       a.now,
	}
	c.Request = c.WithContext(tenancy.WithRight(c.Context(), right))
}

// grant returns the row of the operation's permission; the zero Grant if it needs none.
func (op operation) grant() tenancy.Grant {
	if op.hostGrant.Permission != "" {
		return op.hostGrant
	}
	grant, _ := tenancy.GrantOf(op.needs)
	return grant
}

// worksInAnyState reports whether super-admins may call op in a tenant that isn't active.
func (op operation) worksInAnyState() bool {
	return op.access == managesTenant || op.grant().Reads
}
