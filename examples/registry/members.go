package main

import (
	"context"
	"net/http"
)

// memberCmd groups the commands that manage the members of a tenant.
type memberCmd struct {
	List   memberListCmd   `cmd:"" help:"List the members of a tenant."`
	Set    memberSetCmd    `cmd:"" help:"Give a user a role in a tenant."`
	Remove memberRemoveCmd `cmd:"" help:"Remove a user from a tenant."`
}

// tenantScoped holds the flags of commands that work in one tenant.
type tenantScoped struct {
	remote
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The tenant, by slug or id."`
}

// path returns the path of one of the tenant's routes.
func (c tenantScoped) path(rest string) string {
	return tenantPath(c.Tenant) + rest
}

// member is a member in the registry's response.
type member struct {
	UserID    string `json:"user_id"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
}

// printMembers prints a table of members.
func printMembers(t terminal, members ...member) error {
	rows := make([][]string, len(members))
	for i, m := range members {
		rows[i] = []string{m.UserID, m.Email, m.Name, m.Role, m.CreatedAt}
	}
	return t.printTable([]string{"USER", "EMAIL", "NAME", "ROLE", "SINCE"}, rows)
}

// memberListCmd lists the members of a tenant with their roles.
//
// Route: GET /api/v1/tenants/T/members.
type memberListCmd struct{ tenantScoped }

// Run lists the members.
func (c *memberListCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	members, err := list[member](ctx, client, c.path("/members"), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(members)
	}
	return printMembers(t, members...)
}

// memberSetCmd adds an existing user to a tenant or changes the role of a member.
//
// Route: PUT /api/v1/tenants/T/members/ID.
type memberSetCmd struct {
	tenantScoped
	User string `arg:"" help:"The user's id; for an e-mail address, see registry invitation create."`
	Role string `arg:"" enum:"viewer,editor,admin" help:"viewer, editor or admin."`
}

// Run sets the user's role.
func (c *memberSetCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	updated, err := call[member](ctx, client, http.MethodPut,
		c.path("/members/"+escapeSegment(c.User)), nil, map[string]string{"role": c.Role})
	if err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(updated)
	}
	return printMembers(t, updated)
}

// memberRemoveCmd removes a member. The registry refuses to remove the last admin.
//
// Route: DELETE /api/v1/tenants/T/members/ID.
type memberRemoveCmd struct {
	tenantScoped
	User string `arg:"" help:"The user's id."`
}

// Run removes the user from the tenant.
func (c *memberRemoveCmd) Run(ctx context.Context, t terminal) error {
	return remove(ctx, t, c.remote, c.path("/members/"+escapeSegment(c.User)), c.User)
}
