package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Group is a part of the API's routes, for [Options.Without].
type Group string

// The groups. The probes, the OpenAPI document, the metrics, /api/v1/me and
// /api/v1/me/memberships belong to none.
const (
	TenantRoutes   Group = "tenants"
	KeyRoutes      Group = "keys"
	UserRoutes     Group = "users"
	MemberRoutes   Group = "members"
	AuditRoutes    Group = "audit"
	SessionRoutes  Group = "sessions" // and the sign-in through an OpenID provider
	BundleRoutes   Group = "bundles"
	SecretRoutes   Group = "secrets"
	ResourceRoutes Group = "resources" // and discovery

	// InvitationRoutes needs MemberRoutes. The link of an invitation opens the page
	// /invitations/accept, below [Options.Prefix]. Package adminui has the page: in a host that
	// doesn't mount it there, the link opens nothing, and a page of the host's sends the token
	// to POST /api/v1/invitations/accept.
	InvitationRoutes Group = "invitations"
)

// routeGroup is a group with what it needs.
type routeGroup struct {
	name   Group
	needs  []string // fields of [ports.Services]; without one of them the group is off
	routes func(*api) []operation
}

// signInPorts are what sessions need.
var signInPorts = []string{"Users", "Memberships", "Passwords", "Sessions", "SessionFinder",
	"LoginAttempts"}

// routeGroups returns every group.
func routeGroups() []routeGroup {
	return []routeGroup{
		{TenantRoutes, nil, (*api).tenantRoutes},
		{KeyRoutes, []string{"Keys", "KeyFinder"}, (*api).keyRoutes},
		{UserRoutes, []string{"Users"}, (*api).userRoutes},
		{MemberRoutes, []string{"Members", "Users"}, (*api).memberRoutes},
		{InvitationRoutes, []string{"Invitations", "InvitationFinder", "Members", "Users"},
			(*api).invitationRoutes},
		{AuditRoutes, nil, (*api).auditRoutes},
		{SessionRoutes, signInPorts, (*api).sessionRoutes},
		{BundleRoutes, []string{"Transfers", "Instance"}, (*api).bundleRoutes},
		{SecretRoutes, []string{"Vault"}, (*api).secretRoutes},
		{ResourceRoutes, nil, (*api).resourceRoutes},
	}
}

// checkServices reports what New can't do without.
func (o Options) checkServices(s ports.Services) error {
	if err := s.Require("Kinds", "Tenants", "Resources", "Audit", "PlatformAudit"); err != nil {
		return err
	}
	if o.SignIn.Provider != nil && s.Identities == nil {
		return fmt.Errorf("Options.SignIn.Provider needs Services.Identities")
	}
	if o.Authenticate == nil && o.PlatformTokenHash == [len(o.PlatformTokenHash)]byte{} &&
		s.KeyFinder == nil && len(s.Missing(signInPorts...)) > 0 {
		return fmt.Errorf("no caller can authenticate: set Options.Authenticate," +
			" Options.PlatformTokenHash, Services.KeyFinder or the ports of sessions")
	}
	return nil
}

// checkWithout reports the first unknown group, and a group without another that it needs.
func checkWithout(without []Group) error {
	known := routeGroups()
	for i, g := range without {
		if !slices.ContainsFunc(known, func(k routeGroup) bool { return k.name == g }) {
			return fmt.Errorf("Options.Without[%d] %q is no group", i, g)
		}
	}
	if slices.Contains(without, MemberRoutes) && !slices.Contains(without, InvitationRoutes) {
		return fmt.Errorf("Options.Without has %q, but not %q: an accepted invitation makes a"+
			" member whom no route shows or removes", MemberRoutes, InvitationRoutes)
	}
	return nil
}

// chosenGroups returns the groups that are on, and logs those that a missing port switches
// off.
func (o Options) chosenGroups(s ports.Services) []routeGroup {
	return slices.DeleteFunc(routeGroups(), func(g routeGroup) bool {
		if slices.Contains(o.Without, g.name) {
			return true
		}
		missing := s.Missing(g.needs...)
		if len(missing) > 0 {
			o.Logger.Info("routes are switched off: a port is missing",
				slog.String("group", string(g.name)), slog.Any("missing", missing))
		}
		return len(missing) > 0
	})
}

// resourceRoutes returns the routes of every kind, and discovery.
func (a *api) resourceRoutes() []operation {
	ops := []operation{{
		id: "discover", method: http.MethodGet, path: apiRoot + "discovery", tag: "resources",
		summary: "List what the tenant offers, with a few fields of each resource",
		access:  worksInTenant, needs: tenancy.ResourceRead, params: pageParams,
		response: response{status: http.StatusOK, doc: "One page of each list.",
			schema: a.discoverySchema},
		handle: a.discover,
	}, a.usageRoute()}
	for _, kind := range a.services.Kinds.All() {
		ops = append(ops, resources{a, kind}.routes()...)
	}
	return ops
}
