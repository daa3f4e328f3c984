package commands

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// InvitationCmd groups the commands that invite people into a tenant.
type InvitationCmd struct {
	Create invitationCreateCmd `cmd:"" help:"Invite a person by e-mail address into a tenant."`
	List   invitationListCmd   `cmd:"" help:"List a tenant's open invitations."`
	Revoke invitationRevokeCmd `cmd:"" help:"Revoke an invitation."`
	Accept invitationAcceptCmd `cmd:"" help:"Accept an invitation."`
}

// Invitation is an invitation in the registry's response. Only a new one has Token
// and URL.
type Invitation struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
	ExpiresAt string `json:"expires_at"`
	Token     string `json:"token,omitempty"`
	URL       string `json:"url,omitempty"`
}

// invitationCreateCmd creates an invitation. The registry sends no e-mail; the user
// passes on the printed link.
//
// Route: POST /api/v1/tenants/T/invitations.
type invitationCreateCmd struct {
	tenantScoped
	Email     string        `arg:"" help:"The person's e-mail address."`
	Role      string        `arg:"" enum:"${member_roles}" help:"${member_roles_doc}."`
	ExpiresIn time.Duration `placeholder:"DURATION" help:"How long it is valid, at most 720h. Default: 168h."`
}

// invitationRequest is the body of the request that creates an invitation.
type invitationRequest struct {
	Email     string `json:"email"`
	Role      string `json:"role"`
	ExpiresIn int64  `json:"expires_in,omitempty"` // seconds
}

// Run creates the invitation and prints its link, which is never shown again.
func (c *invitationCreateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	if c.ExpiresIn < 0 || c.ExpiresIn%time.Second != 0 {
		return terminal.Usagef("invalid --expires-in: set it to a positive duration in whole" +
			" seconds, such as 48h")
	}
	created, err := apiclient.Call[Invitation](ctx, client, http.MethodPost,
		c.path("/invitations"), nil,
		invitationRequest{c.Email, c.Role, int64(c.ExpiresIn / time.Second)})
	if err != nil {
		return err
	}
	created.URL = client.Base + created.URL
	if c.JSON {
		return t.PrintJSON(created)
	}
	t.PrintLine("%s can join as %s until %s. The link is shown only once, and anyone who has it"+
		" can use it:", terminal.Printable(created.Email), terminal.Printable(created.Role),
		terminal.Printable(created.ExpiresAt))
	t.PrintLine("%s", terminal.Printable(created.URL))
	return nil
}

// invitationListCmd lists the invitations that can still be accepted, without tokens.
//
// Route: GET /api/v1/tenants/T/invitations.
type invitationListCmd struct{ tenantScoped }

// Run lists the invitations.
func (c *invitationListCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	found, err := apiclient.List[Invitation](ctx, client, c.path("/invitations"), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(found)
	}
	rows := make([][]string, len(found))
	for i, v := range found {
		rows[i] = []string{v.ID, v.Email, v.Role, v.CreatedAt, v.ExpiresAt}
	}
	return t.PrintTable([]string{"ID", "EMAIL", "ROLE", "CREATED", "EXPIRES"}, rows)
}

// invitationRevokeCmd revokes an invitation, so that its link stops working.
//
// Route: DELETE /api/v1/tenants/T/invitations/ID.
type invitationRevokeCmd struct {
	tenantScoped
	ID string `arg:"" help:"The invitation's id."`
}

// Run revokes the invitation.
func (c *invitationRevokeCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return remove(ctx, t, c.Flags, c.path("/invitations/"+apiclient.EscapeSegment(c.ID)), c.ID)
}

// invitationAcceptCmd accepts an invitation with its token. It needs no credentials,
// because the token is one. For a new person it also creates the account.
//
// Route: POST /api/v1/invitations/accept.
type invitationAcceptCmd struct {
	apiclient.Flags
	passwordFlag
	Token string `arg:"" help:"The invitation's token or link."`
	Name  string `help:"The name of a new account. Default: the part of the e-mail address before the @."`
}

// acceptRequest is the body of the request that accepts an invitation.
type acceptRequest struct {
	Token    string  `json:"token"`
	Name     string  `json:"name,omitempty"`
	Password *string `json:"password,omitempty"`
}

// AcceptResult is the registry's response to an accepted invitation.
type AcceptResult struct {
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

// accept sends the request. A refusal leaves the invitation open.
func (c *invitationAcceptCmd) accept(
	ctx context.Context, client *apiclient.Client, password *string,
) (AcceptResult, error) {
	return apiclient.Call[AcceptResult](ctx, client, http.MethodPost,
		"/api/v1/invitations/accept", nil, acceptRequest{c.Token, c.Name, password})
}

// Run accepts the invitation. For a new account that needs a password, it asks for one if
// there is somebody to ask.
func (c *invitationAcceptCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
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
	result, err := c.accept(ctx, client, password)
	if e, ok := errors.AsType[*apiclient.Error](err); ok &&
		e.Code == tenancy.CodePasswordRequired && password == nil {
		if _, interactive := terminal.File(t.In); !interactive {
			return fmt.Errorf("%w\nset one with --password", err)
		}
		c.Password = true
		if password, err = c.passwordFlag.read(t); err != nil {
			return err
		}
		result, err = c.accept(ctx, client, password)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(result)
	}
	t.PrintLine("%s is now %s in %s.", terminal.Printable(result.User.Email),
		terminal.Printable(result.Role), terminal.Printable(result.Tenant.Slug))
	return nil
}
