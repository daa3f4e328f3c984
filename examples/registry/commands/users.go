package commands

import (
	"context"
	"net/http"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// UserCmd groups the commands that manage users. They require a super-admin.
type UserCmd struct {
	List   userListCmd   `cmd:"" help:"List the users."`
	Create userCreateCmd `cmd:"" help:"Create a user, without memberships."`
	Show   userShowCmd   `cmd:"" help:"Show a user."`
	Update userUpdateCmd `cmd:"" help:"Change a user."`
	Remove userRemoveCmd `cmd:"" help:"Remove a user and all their memberships."`
}

// User is a user in the registry's response.
type User struct {
	ID         string `json:"id"`
	Email      string `json:"email"`
	Name       string `json:"name"`
	SuperAdmin bool   `json:"super_admin"`
	CreatedAt  string `json:"created_at"`
	UpdatedAt  string `json:"updated_at"`
}

// usersPath is the path of the users' routes.
const usersPath = "/api/v1/users"

// userPath returns the path of one user.
func userPath(id string) string { return usersPath + "/" + apiclient.EscapeSegment(id) }

// userHeadings are the headings of the rows that user.row returns.
var userHeadings = []string{"ID", "EMAIL", "NAME", "SUPER-ADMIN", "CREATED"}

// row returns the user as a row of a table.
func (u User) row() []string {
	super := ""
	if u.SuperAdmin {
		super = "yes"
	}
	return []string{u.ID, u.Email, u.Name, super, u.CreatedAt}
}

// printUser prints one user.
func printUser(t terminal.Terminal, r apiclient.Flags, u User) error {
	if r.JSON {
		return t.PrintJSON(u)
	}
	return t.PrintTable(userHeadings, [][]string{u.row()})
}

// userListCmd lists all users.
//
// Route: GET /api/v1/users.
type userListCmd struct{ apiclient.Flags }

// Run lists the users.
func (c *userListCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	users, err := apiclient.List[User](ctx, client, usersPath, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(users)
	}
	rows := make([][]string, len(users))
	for i, u := range users {
		rows[i] = u.row()
	}
	return t.PrintTable(userHeadings, rows)
}

// userCreateCmd creates a user. Without a password, the user can't sign in with one.
//
// Route: POST /api/v1/users.
type userCreateCmd struct {
	apiclient.Flags
	passwordFlag
	Email      string `arg:"" help:"The user's e-mail address."`
	Name       string `arg:"" help:"The user's name."`
	SuperAdmin bool   `help:"Let the user manage tenants and users."`
}

// userRequest is the body of the request that creates a user.
type userRequest struct {
	Email      string  `json:"email"`
	Name       string  `json:"name"`
	Password   *string `json:"password,omitempty"`
	SuperAdmin bool    `json:"super_admin,omitempty"`
}

// Run creates the user.
func (c *userCreateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	password, err := c.passwordFlag.read(t)
	if err != nil {
		return err
	}
	created, err := apiclient.Call[User](ctx, client, http.MethodPost, usersPath, nil,
		userRequest{c.Email, c.Name, password, c.SuperAdmin})
	if err != nil {
		return err
	}
	return printUser(t, c.Flags, created)
}

// userShowCmd shows one user.
//
// Route: GET /api/v1/users/ID.
type userShowCmd struct {
	apiclient.Flags
	User string `arg:"" help:"The user, by e-mail address or id."`
}

// Run shows the user.
func (c *userShowCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	id, err := userID(ctx, client, c.User)
	if err != nil {
		return err
	}
	found, err := apiclient.Call[User](ctx, client, http.MethodGet, userPath(id), nil, nil)
	if err != nil {
		return err
	}
	return printUser(t, c.Flags, found)
}

// userUpdateCmd changes a user. Properties without a flag stay unchanged.
//
// Route: PUT /api/v1/users/ID.
type userUpdateCmd struct {
	apiclient.Flags
	passwordFlag
	User       string  `arg:"" help:"The user, by e-mail address or id."`
	Email      *string `help:"The new e-mail address."`
	Name       *string `help:"The new name."`
	SuperAdmin *bool   `negatable:"" help:"Let the user manage tenants and users, or not."`
}

// userUpdate is the body of the request that changes a user. A nil member isn't
// changed.
type userUpdate struct {
	Email      *string `json:"email,omitempty"`
	Name       *string `json:"name,omitempty"`
	Password   *string `json:"password,omitempty"`
	SuperAdmin *bool   `json:"super_admin,omitempty"`
}

// Run changes the user.
func (c *userUpdateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	password, err := c.passwordFlag.read(t)
	if err != nil {
		return err
	}
	change := userUpdate{c.Email, c.Name, password, c.SuperAdmin}
	if change == (userUpdate{}) {
		return terminal.Usagef("nothing to change: set --email, --name, --password," +
			" --super-admin or --no-super-admin")
	}
	id, err := userID(ctx, client, c.User)
	if err != nil {
		return err
	}
	changed, err := apiclient.Call[User](ctx, client, http.MethodPut, userPath(id), nil, change)
	if err != nil {
		return err
	}
	return printUser(t, c.Flags, changed)
}

// userRemoveCmd removes a user with all memberships. The registry refuses to remove the
// last admin of a tenant.
//
// Route: DELETE /api/v1/users/ID.
type userRemoveCmd struct {
	apiclient.Flags
	User string `arg:"" help:"The user, by e-mail address or id."`
}

// Run removes the user.
func (c *userRemoveCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	id, err := userID(ctx, client, c.User)
	if err != nil {
		return err
	}
	return removeWith(ctx, t, client, c.JSON, userPath(id), c.User)
}

// removeResult is the output of a removal with --json.
type removeResult struct {
	Removed string `json:"removed"`
}

// remove sends a DELETE request and prints the name of the removed object.
func remove(ctx context.Context, t terminal.Terminal, r apiclient.Flags, path, name string) error {
	client, err := apiclient.New(r, t)
	if err != nil {
		return err
	}
	return removeWith(ctx, t, client, r.JSON, path, name)
}

// removeWith is remove with a client that was used before.
func removeWith(
	ctx context.Context, t terminal.Terminal, client *apiclient.Client, asJSON bool, path, name string,
) error {
	_, err := apiclient.Call[struct{}](ctx, client, http.MethodDelete, path, nil, nil)
	if err != nil {
		return err
	}
	if asJSON {
		return t.PrintJSON(removeResult{name})
	}
	t.PrintLine("removed %s", terminal.Printable(name))
	return nil
}
