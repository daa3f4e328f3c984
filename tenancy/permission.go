package tenancy

import "slices"

// Permission names an operation that can be allowed. See [Grants] for the roles
// that allow it.
type Permission string

// The permissions that a role can grant in a tenant.
const (
	ReadTenant     Permission = "tenant.read"
	UpdateTenant   Permission = "tenant.update"
	ReadResources  Permission = "resource.read"
	WriteResources Permission = "resource.write"
	Export         Permission = "bundle.export"
	Import         Permission = "bundle.import"
	WriteSecrets   Permission = "secret.write"
	ReadMembers    Permission = "member.read"
	WriteMembers   Permission = "member.write"
	ReadKeys       Permission = "key.read"
	WriteKeys      Permission = "key.write"
	ReadAudit      Permission = "audit.read"
	ReadFeed       Permission = "feed.read"
)

// The permissions that no role grants; only super-admins have them.
const (
	ManageTenants     Permission = "tenant.manage"
	ManageUsers       Permission = "user.manage"
	ReadPlatformAudit Permission = "platform.audit.read"
)

// Grant is a row of the table of roles.
type Grant struct {
	Permission Permission
	Roles      []Role // the roles that grant it; none: only super-admins have it
	Reads      bool   // it changes nothing
	Doc        string // what the permission allows, for documentation
}

var (
	viewers = MemberRoles()
	editors = []Role{Editor, Admin}
	admins  = []Role{Admin}
)

// grants is the table of roles. The checks, the API's OpenAPI document and the
// documentation for people are all generated from it.
var grants = []Grant{
	{ReadTenant, viewers, true, "see the tenant"},
	{UpdateTenant, admins, false, "change the tenant's name and settings"},
	{ReadResources, viewers, true, "read resources"},
	{WriteResources, editors, false, "write and delete resources"},
	{Export, viewers, true, "export a bundle"},
	{Import, admins, false, "import a bundle"},
	{WriteSecrets, admins, false, "set the value of a secret"},
	{ReadMembers, admins, true, "see the members"},
	{WriteMembers, admins, false, "invite, change and remove members"},
	{ReadKeys, admins, true, "see the API keys, without their secrets"},
	{WriteKeys, admins, false, "create, rotate and revoke API keys"},
	{ReadAudit, admins, true, "read the tenant's audit log"},
	{ReadFeed, []Role{Replicator}, true, "follow the change feed"},
	{ManageTenants, nil, false,
		"create, suspend, delete, restore and purge tenants, and set their quotas"},
	{ManageUsers, nil, false, "create, change and remove users"},
	{ReadPlatformAudit, nil, true, "read the audit log of all tenants"},
}

// Grants returns the table of roles, in the order of the documentation.
func Grants() []Grant { return slices.Clone(grants) }

// GrantOf returns a permission's row in the table of roles. ok is false for an
// unknown permission, which no principal has.
func GrantOf(p Permission) (g Grant, ok bool) {
	i := slices.IndexFunc(grants, func(g Grant) bool { return g.Permission == p })
	if i < 0 {
		return Grant{}, false
	}
	return grants[i], true
}

// May reports whether the role grants p. An unknown role grants nothing; no role
// grants an unknown permission.
func (r Role) May(p Permission) bool {
	g, ok := GrantOf(p)
	return ok && slices.Contains(g.Roles, r)
}
