package auditentry

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// actions are the library's actions in words, as they are proposed.
var actions = []view.Option{
	{Value: "resource.create", Text: "Created a resource"},
	{Value: "resource.update", Text: "Changed a resource"},
	{Value: "resource.delete", Text: "Deleted a resource"},
	{Value: "bundle.import", Text: "Imported a bundle"},
	{Value: "secret.set", Text: "Set a secret"},
	{Value: "secret.unset", Text: "Removed the value of a secret"},
	{Value: "secret.return", Text: "Returned a secret to its resource"},
	{Value: "member.add", Text: "Added a member"},
	{Value: "member.update", Text: "Changed a member’s role"},
	{Value: "member.remove", Text: "Removed a member"},
	{Value: "invitation.create", Text: "Invited someone"},
	{Value: "invitation.accept", Text: "Accepted an invitation"},
	{Value: "invitation.revoke", Text: "Revoked an invitation"},
	{Value: "key.create", Text: "Created an API key"},
	{Value: "key.revoke", Text: "Revoked an API key"},
	{Value: "tenant.create", Text: "Created the tenant"},
	{Value: "tenant.update", Text: "Changed the tenant"},
	{Value: "tenant.suspend", Text: "Suspended the tenant"},
	{Value: "tenant.activate", Text: "Activated the tenant"},
	{Value: "tenant.delete", Text: "Deleted the tenant"},
	{Value: "tenant.restore", Text: "Restored the tenant"},
	{Value: "tenant.purge", Text: "Purged a tenant"},
	{Value: "user.create", Text: "Created a user"},
	{Value: "user.update", Text: "Changed a user"},
	{Value: "user.remove", Text: "Removed a user"},
	{Value: "session.create", Text: "Signed in"},
	{Value: "session.renew", Text: "Renewed a session"},
	{Value: "session.revoke", Text: "Ended a session"},
	{Value: "password.set", Text: "Set a password"},
	{Value: "password.improve", Text: "Stored a password in a better form"},
	{Value: "identity.bind", Text: "Tied a sign-in of the organization to a user"},
	{Value: "audit.expire", Text: "Removed the oldest entries of the log"},
	{Value: "platform.cross_tenant_read", Text: "Read across tenants"},
	{Value: "platform_token.set", Text: "Set the platform’s token"},
	{Value: "signing_key.rotate", Text: "Replaced the signing key"},
	{Value: "platform.instance_key_rotate", Text: "Replaced the key that signs bundles"},
	{Value: "rowsecurity.restore", Text: "Restored row security"},
	{Value: "rows", Text: "Wrote rows of a host’s table"},
	{Value: "request", Text: "Sent a request"},
}

// Words says what an action is. The name of a permission is recorded when a super-admin
// reads, and when a request is refused. The action of a host is shown as it is.
func Words(action string) string {
	for _, known := range actions {
		if known.Value == action {
			return known.Text
		}
	}
	if g, ok := tenancy.GrantOf(tenancy.Permission(action)); ok {
		return "Asked to " + g.Doc
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(action)
}

// Actions are the actions that a filter proposes.
func Actions() []view.Option {
	all := append([]view.Option(nil), actions...)
	for _, g := range tenancy.Grants() {
		all = append(all, view.Option{Value: string(g.Permission), Text: "Asked to " + g.Doc})
	}
	return all
}

// OutcomeWords says what an outcome is.
func OutcomeWords(outcome string) string {
	switch tenancy.Outcome(outcome) {
	case tenancy.Done:
		return "Done"
	case tenancy.Denied:
		return "Refused"
	case tenancy.Failed:
		return "Failed"
	}
	return outcome
}

// actorKinds are the kinds of actors in words.
var actorKinds = map[string]string{
	string(tenancy.UserPrincipal): "a user", string(tenancy.KeyPrincipal): "an API key",
	string(tenancy.PlatformToken):  "the platform’s token",
	string(tenancy.SystemActor):    "the program itself",
	string(tenancy.AnonymousActor): "a caller without credentials",
}
