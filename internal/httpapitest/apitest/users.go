package apitest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// AsUsers makes a registry's callers users, who may belong to any number of tenants:
// the token "user:<role>@<tenant>,…" is such a user, and "user:root" a super-admin.
func AsUsers(tenantID func(slug string) tenancy.ID) Option {
	return func(o *httpapi.Options) {
		o.Authenticate = func(r *http.Request) (tenancy.Principal, error) {
			memberships, ok := strings.CutPrefix(r.Header.Get("Authorization"), "user:")
			if !ok {
				return tenancy.Principal{},
					tenancy.Errorf(tenancy.CodeUnauthenticated, "unknown caller")
			}
			p := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "u " + memberships,
				Name:       "User",
				SuperAdmin: memberships == "root", Roles: map[tenancy.ID]tenancy.Role{}}
			for membership := range strings.SplitSeq(memberships, ",") {
				if role, slug, ok := strings.Cut(membership, "@"); ok {
					p.Roles[tenantID(slug)] = tenancy.Role(role)
				}
			}
			return p, nil
		}
	}
}

// NewWithUsers starts a registry with [AsUsers].
func NewWithUsers(t *testing.T) *Registry {
	var reg *Registry
	reg = New(t, AsUsers(func(slug string) tenancy.ID { return reg.Tenants[slug].ID }))
	return reg
}
