package commands

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// MemberCmd groups the commands that manage the members of a tenant.
type MemberCmd struct {
	List   memberListCmd   `cmd:"" help:"List the members of a tenant."`
	Set    memberSetCmd    `cmd:"" help:"Give a user a role in a tenant."`
	Remove memberRemoveCmd `cmd:"" help:"Remove a user from a tenant."`
}

// tenantScoped holds the flags of commands that work in one tenant.
type tenantScoped struct {
	apiclient.Flags
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The tenant, by slug or id."`
}

// path returns the path of one of the tenant's routes.
func (c tenantScoped) path(rest string) string {
	return apiclient.TenantPath(c.Tenant) + rest
}

// Member is a member in the registry's response.
type Member struct {
	UserID    string `json:"user_id"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
}

// printMembers prints a table of members.
func printMembers(t terminal.Terminal, members ...Member) error {
	rows := make([][]string, len(members))
	for i, m := range members {
		rows[i] = []string{m.UserID, m.Email, m.Name, m.Role, m.CreatedAt}
	}
	return t.PrintTable([]string{"USER", "EMAIL", "NAME", "ROLE", "SINCE"}, rows)
}

// memberListCmd lists the members of a tenant with their roles.
//
// Route: GET /api/v1/tenants/T/members.
type memberListCmd struct{ tenantScoped }

// Run lists the members.
func (c *memberListCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	members, err := apiclient.List[Member](ctx, client, c.path("/members"), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(members)
	}
	return printMembers(t, members...)
}

// memberSetCmd changes the role of a member, or adds an existing user for a super-admin.
//
// Routes: PUT /api/v1/tenants/T/members/ID, and those of anyoneID.
type memberSetCmd struct {
	tenantScoped
	User string `arg:"" help:"The user, by e-mail address or id."`
	Role string `arg:"" enum:"${member_roles}" help:"${member_roles_doc}."`
}

// Run sets the user's role.
func (c *memberSetCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	id, err := c.anyoneID(ctx, client, c.User)
	if err != nil {
		return err
	}
	updated, err := apiclient.Call[Member](ctx, client, http.MethodPut,
		c.path("/members/"+apiclient.EscapeSegment(id)), nil, map[string]string{"role": c.Role})
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(updated)
	}
	return printMembers(t, updated)
}

// memberRemoveCmd removes a member. The registry refuses to remove the last admin.
//
// Route: DELETE /api/v1/tenants/T/members/ID.
type memberRemoveCmd struct {
	tenantScoped
	User string `arg:"" help:"The member, by e-mail address or id."`
}

// Run removes the user from the tenant.
func (c *memberRemoveCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	id, err := c.memberID(ctx, client, c.User)
	if err != nil {
		return err
	}
	if id == "" {
		return fmt.Errorf("no member has the e-mail address %s", c.User)
	}
	return removeWith(ctx, t, client, c.JSON, c.path("/members/"+apiclient.EscapeSegment(id)), c.User)
}
