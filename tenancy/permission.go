package tenancy

import "slices"

// Permission names an operation that can be allowed. See [Grants] for the roles
// that allow it.
type Permission string

// The permissions that a role can grant in a tenant.
const (
	TenantRead    Permission = "tenant.read"
	TenantUpdate  Permission = "tenant.update"
	ResourceRead  Permission = "resource.read"
	ResourceWrite Permission = "resource.write"
	BundleExport  Permission = "bundle.export"
	BundleImport  Permission = "bundle.import"
	SecretRead    Permission = "secret.read"
	SecretWrite   Permission = "secret.write"
	MemberRead    Permission = "member.read"
	MemberWrite   Permission = "member.write"
	KeyRead       Permission = "key.read"
	KeyWrite      Permission = "key.write"
	AuditRead     Permission = "audit.read"
	FeedRead      Permission = "feed.read"
)

// The permissions that no role grants; only super-admins have them.
const (
	TenantManage      Permission = "tenant.manage"
	UserManage        Permission = "user.manage"
	PlatformAuditRead Permission = "platform.audit.read"
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
	{TenantRead, viewers, true, "see the tenant"},
	{TenantUpdate, admins, false, "change the tenant's name and settings"},
	{ResourceRead, viewers, true, "read resources"},
	{ResourceWrite, editors, false, "write and delete resources"},
	{BundleExport, viewers, true, "export a bundle"},
	{BundleImport, admins, false, "import a bundle"},
	{SecretRead, admins, true, "see which secrets have a value, and what uses them"},
	{SecretWrite, admins, false, "set and unset the value of a secret"},
	{MemberRead, admins, true, "see the members"},
	{MemberWrite, admins, false, "invite, change and remove members"},
	{KeyRead, admins, true, "see the API keys, without their secrets"},
	{KeyWrite, admins, false, "create, rotate and revoke API keys"},
	{AuditRead, admins, true, "read the tenant's audit log"},
	{FeedRead, []Role{Replicator}, true, "follow the change feed"},
	{TenantManage, nil, false,
		"create, suspend, delete, restore and purge tenants, and set their quotas"},
	{UserManage, nil, false, "create, change and remove users"},
	{PlatformAuditRead, nil, true, "read the audit log of all tenants"},
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
