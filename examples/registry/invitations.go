package main

import (
	"context"
	"net/http"
	"strings"
	"time"
)

type invitationCmd struct {
	Create invitationCreateCmd `cmd:"" help:"Invite the person with an e-mail address into a tenant."`
	List   invitationListCmd   `cmd:"" help:"List a tenant's open invitations."`
	Revoke invitationRevokeCmd `cmd:"" help:"Revoke an invitation."`
	Accept invitationAcceptCmd `cmd:"" help:"Accept an invitation."`
}

// invitation is one as the registry answers it; Token and URL are a new one's.
type invitation struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
	ExpiresAt string `json:"expires_at"`
	Token     string `json:"token,omitempty"`
	URL       string `json:"url,omitempty"`
}

type invitationCreateCmd struct {
	tenantScoped
	Email     string        `arg:"" help:"The person's e-mail address."`
	Role      string        `arg:"" enum:"viewer,editor,admin" help:"viewer, editor or admin."`
	ExpiresIn time.Duration `placeholder:"DURATION" help:"How long it can be accepted, such as 48h; at most 720h. Default: 168h."`
}

// invitationRequest is what creates an invitation.
type invitationRequest struct {
	Email     string `json:"email"`
	Role      string `json:"role"`
	ExpiresIn int64  `json:"expires_in,omitempty"` // seconds
}

// Run creates the invitation, and shows its link: once.
func (c *invitationCreateCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	if c.ExpiresIn < 0 || c.ExpiresIn%time.Second != 0 {
		return usagef("--expires-in is whole seconds, such as 48h")
	}
	made, err := call[invitation](ctx, client, http.MethodPost, c.path("/invitations"), nil,
		invitationRequest{c.Email, c.Role, int64(c.ExpiresIn / time.Second)})
	if err != nil {
		return err
	}
	made.URL = client.base + made.URL
	if c.JSON {
		return t.printJSON(made)
	}
	t.printLine("%s may join as %s until %s. The link is shown this once; whoever has it can use it:",
		printable(made.Email), printable(made.Role), printable(made.ExpiresAt))
	t.printLine("%s", printable(made.URL))
	return nil
}

type invitationListCmd struct{ tenantScoped }

// Run lists the invitations.
func (c *invitationListCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	found, err := list[invitation](ctx, client, c.path("/invitations"), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(found)
	}
	rows := make([][]string, len(found))
	for i, v := range found {
		rows[i] = []string{v.ID, v.Email, v.Role, v.CreatedAt, v.ExpiresAt}
	}
	return t.printTable([]string{"ID", "EMAIL", "ROLE", "CREATED", "EXPIRES"}, rows)
}

type invitationRevokeCmd struct {
	tenantScoped
	ID string `arg:"" help:"The invitation's id."`
}

// Run revokes the invitation.
func (c *invitationRevokeCmd) Run(ctx context.Context, t terminal) error {
	return t.remove(ctx, c.remote, c.path("/invitations/"+escapeSegment(c.ID)), c.ID)
}

type invitationAcceptCmd struct {
	remote
	passwordFlag
	Token string `arg:"" help:"The invitation's token, or its link."`
	Name  string `help:"The name of a new account. Default: what stands before the @ of the address."`
}

// acceptRequest is what accepts an invitation.
type acceptRequest struct {
	Token    string  `json:"token"`
	Name     string  `json:"name,omitempty"`
	Password *string `json:"password,omitempty"`
}

// acceptResult is what an accepted invitation gave.
type acceptResult struct {
	Tenant struct {
		ID   string `json:"id"`
		Slug string `json:"slug"`
		Name string `json:"name"`
	} `json:"tenant"`
	Role string `json:"role"`
	User struct {
		ID    string `json:"id"`
		Email string `json:"email"`
		Name  string `json:"name"`
	} `json:"user"`
}

// Run accepts the invitation.
func (c *invitationAcceptCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	password, err := c.passwordFlag.read(t)
	if err != nil {
		return err
	}
	if _, fragment, link := strings.Cut(c.Token, "#"); link {
		c.Token = fragment
	}
	got, err := call[acceptResult](ctx, client, http.MethodPost, "/api/v1/invitations/accept", nil,
		acceptRequest{c.Token, c.Name, password})
	if err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(got)
	}
	t.printLine("%s is %s in %s now.", printable(got.User.Email), printable(got.Role), printable(got.Tenant.Slug))
	return nil
}
