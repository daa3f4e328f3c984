package commands

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// SecretCmd groups the commands for the secrets of a tenant. None shows a value.
type SecretCmd struct {
	List  secretListCmd  `cmd:"" help:"List the secrets that have a value or that resources use."`
	Set   secretSetCmd   `cmd:"" help:"Set a secret's value, which is read from standard input or a file."`
	Unset secretUnsetCmd `cmd:"" help:"Remove a secret's value. Resources may go on using its name."`
}

// secretPath returns the path of a secret.
func (c tenantScoped) secretPath(name string) string {
	return c.path("/secrets/" + apiclient.EscapeSegment(name))
}

// secretView is a secret in the registry's response.
type secretView struct {
	Name      string `json:"name"`
	Set       bool   `json:"set"`
	UpdatedAt string `json:"updated_at"`
	UsedBy    []struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
		Path string `json:"path"`
	} `json:"used_by"`
	More bool `json:"more"`
}

// secretListCmd lists the secrets of a tenant.
//
// Route: GET /api/v1/tenants/T/secrets.
type secretListCmd struct {
	tenantScoped
	Missing bool `help:"Only those without a value; exit 1 if there is one."`
}

// Run lists the secrets, each use in a row.
func (c *secretListCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	raw, err := apiclient.List[json.RawMessage](ctx, client, c.path("/secrets"), nil)
	if err != nil {
		return err
	}
	secrets, err := apiclient.DecodeAll[secretView](raw)
	if err != nil {
		return err
	}
	shown := []json.RawMessage{}
	var rows [][]string
	for i, s := range secrets {
		if c.Missing && s.Set {
			continue
		}
		shown = append(shown, raw[i])
		rows = append(rows, s.rows()...)
	}
	if c.JSON {
		err = t.PrintJSON(shown)
	} else {
		err = t.PrintTable([]string{"NAME", "SET", "UPDATED", "USED BY"}, rows)
	}
	if err == nil && c.Missing && len(shown) > 0 {
		return terminal.ErrRefused
	}
	return err
}

// rows returns the rows of a secret: one for each use.
func (s secretView) rows() [][]string {
	rows := [][]string{{s.Name, strconv.FormatBool(s.Set), s.UpdatedAt, ""}}
	for i, use := range s.UsedBy {
		if i > 0 {
			rows = append(rows, []string{"", "", "", ""})
		}
		rows[i][3] = use.Kind + " " + use.Name + " " + use.Path
	}
	if s.More {
		rows = append(rows, []string{"", "", "", "and more"})
	}
	return rows
}

// secretSetCmd sets a value.
//
// Route: PUT /api/v1/tenants/T/secrets/NAME.
type secretSetCmd struct {
	tenantScoped
	Name     string `arg:"" help:"The secret's name."`
	FromFile string `placeholder:"FILE" help:"Read the value from this file as it is; - is standard input."`
}

// Help says where the value comes from.
func (secretSetCmd) Help() string {
	return `On a terminal the command asks for the value, without showing it. Otherwise the value is standard
input without the end of its last line.`
}

// Run sets the value.
func (c *secretSetCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	value, err := t.ReadSecret(c.FromFile)
	if err != nil {
		return err
	}
	if _, err := apiclient.Call[json.RawMessage](ctx, client, http.MethodPut,
		c.secretPath(c.Name), nil, map[string]string{"value": value}); err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(map[string]string{"set": c.Name})
	}
	t.PrintLine("The secret %s is set.", terminal.Printable(c.Name))
	return nil
}

// secretUnsetCmd removes a value.
//
// Route: DELETE /api/v1/tenants/T/secrets/NAME.
type secretUnsetCmd struct {
	tenantScoped
	Name string `arg:"" help:"The secret's name."`
}

// Run removes the value.
func (c *secretUnsetCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	if _, err := apiclient.Call[json.RawMessage](ctx, client, http.MethodDelete,
		c.secretPath(c.Name), nil, nil); err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(map[string]string{"unset": c.Name})
	}
	t.PrintLine("The secret %s has no value any more.", terminal.Printable(c.Name))
	return nil
}
