package main

import (
	"context"
	"net/http"
)

type memberCmd struct {
	List   memberListCmd   `cmd:"" help:"List the members of a tenant."`
	Set    memberSetCmd    `cmd:"" help:"Give a user a role in a tenant."`
	Remove memberRemoveCmd `cmd:"" help:"Take a user's place in a tenant away."`
}

// tenantScoped are the flags of a command that manages one tenant.
type tenantScoped struct {
	remote
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The tenant, by slug or id."`
}

func (c tenantScoped) path(rest string) string {
	return tenantPath(c.Tenant) + rest
}

// member is one as the registry answers it.
type member struct {
	UserID    string `json:"user_id"`
	Email     string `json:"email"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
}

func (t terminal) printMembers(members ...member) error {
	rows := make([][]string, len(members))
	for i, m := range members {
		rows[i] = []string{m.UserID, m.Email, m.Name, m.Role, m.CreatedAt}
	}
	return t.printTable([]string{"USER", "EMAIL", "NAME", "ROLE", "SINCE"}, rows)
}

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
	return t.printMembers(members...)
}

type memberSetCmd struct {
	tenantScoped
	User string `arg:"" help:"The user's id; for an e-mail address, see registry invitation create."`
	Role string `arg:"" enum:"viewer,editor,admin" help:"viewer, editor or admin."`
}

// Run gives the user the role.
func (c *memberSetCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	put, err := call[member](ctx, client, http.MethodPut, c.path("/members/"+escapeSegment(c.User)),
		nil, map[string]string{"role": c.Role})
	if err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(put)
	}
	return t.printMembers(put)
}

type memberRemoveCmd struct {
	tenantScoped
	User string `arg:"" help:"The user's id."`
}

// Run takes the user's place away.
func (c *memberRemoveCmd) Run(ctx context.Context, t terminal) error {
	return t.remove(ctx, c.remote, c.path("/members/"+escapeSegment(c.User)), c.User)
}
