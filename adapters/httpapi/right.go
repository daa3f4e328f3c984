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
		Grant:       a.grantFor(op),
		Stored:      c.stored,
		InAnyState:  a.worksInAnyState(op),
		IgnoreState: !a.multiTenant,
		Clock:       a.now,
	}
	c.Request = c.WithContext(tenancy.WithRight(c.Context(), right))
}

// grantFor returns the row of op's permission; the zero Grant if it needs none.
func (a *api) grantFor(op operation) tenancy.Grant {
	grant, _ := a.grantOf(op.needs)
	return grant
}

// worksInAnyState reports whether super-admins may call op in a tenant that isn't active.
func (a *api) worksInAnyState(op operation) bool {
	return op.access == managesTenant || a.grantFor(op).Reads
}
