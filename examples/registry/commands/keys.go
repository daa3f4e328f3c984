package commands

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// KeyCmd groups the commands that manage a tenant's API keys.
type KeyCmd struct {
	List   keyListCmd   `cmd:"" help:"List a tenant's API keys, without their secrets."`
	Create keyCreateCmd `cmd:"" help:"Create an API key; its secret is shown once."`
	Rotate keyRotateCmd `cmd:"" help:"Replace an API key; the old one stays valid for the overlap."`
	Revoke keyRevokeCmd `cmd:"" help:"Revoke an API key immediately. This can't be undone."`
}

// keysPath returns the path of the tenant's API keys.
func (c tenantScoped) keysPath() string { return c.path("/keys") }

// keyView is an API key in the registry's response. Only a new key has a Secret.
type keyView struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Role       string `json:"role"`
	Secret     string `json:"secret"`
	Prefix     string `json:"prefix"`
	CreatedAt  string `json:"created_at"`
	ExpiresAt  string `json:"expires_at"`
	LastUsedAt string `json:"last_used_at"`
	RotatedTo  string `json:"rotated_to"`
}

// keyListCmd lists the keys of a tenant. The registry stores only hashes of secrets, so
// the list shows a prefix to recognize a key.
//
// Route: GET /api/v1/tenants/T/keys.
type keyListCmd struct{ tenantScoped }

// Run lists the keys.
func (c *keyListCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	raw, err := apiclient.List[json.RawMessage](ctx, client, c.keysPath(), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(raw)
	}
	keys, err := apiclient.DecodeAll[keyView](raw)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, k := range keys {
		rows = append(rows, []string{k.Name, k.Role, k.Prefix, k.CreatedAt, k.ExpiresAt,
			k.LastUsedAt, k.RotatedTo, k.ID})
	}
	return t.PrintTable([]string{"NAME", "ROLE", "PREFIX", "CREATED", "EXPIRES", "LAST USED",
		"ROTATED TO", "ID"}, rows)
}

// keyCreateCmd creates a key. The expiry is computed with this machine's clock.
//
// Route: POST /api/v1/tenants/T/keys.
type keyCreateCmd struct {
	tenantScoped
	Name      string        `arg:"" help:"The key's display name."`
	Role      string        `required:"" enum:"viewer,editor,admin,replicator" help:"The key's role: ${enum}."`
	ExpiresIn time.Duration `placeholder:"720h" help:"How long it is valid. Default: until it is revoked."`
}

// Run creates the key and prints its secret.
func (c *keyCreateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	in := map[string]any{"name": c.Name, "role": c.Role}
	if c.ExpiresIn != 0 {
		in["expires_at"] = time.Now().Add(c.ExpiresIn).UTC().Format(time.RFC3339)
	}
	return c.createKey(ctx, t, c.keysPath(), in)
}

// keyRotateCmd creates a new key with the name and role of an old one. Both are valid
// during the overlap, so that clients can change the secret without an interruption.
//
// Route: POST /api/v1/tenants/T/keys/ID/rotate.
type keyRotateCmd struct {
	tenantScoped
	ID      string        `arg:"" help:"The key's id."`
	Overlap time.Duration `default:"24h" help:"How long the old key stays valid."`
}

// Run replaces the key and prints the secret of the new one.
func (c *keyRotateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return c.createKey(ctx, t, c.keysPath()+"/"+apiclient.EscapeSegment(c.ID)+"/rotate",
		map[string]any{"overlap": c.Overlap.String()})
}

// createKey sends a request that creates a key. For use in pipes, standard output
// gets only the secret; the description goes to standard error.
func (c tenantScoped) createKey(
	ctx context.Context, t terminal.Terminal, path string, in any,
) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	raw, err := apiclient.Call[json.RawMessage](ctx, client, http.MethodPost, path, nil, in)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(raw)
	}
	created, err := apiclient.DecodeAll[keyView]([]json.RawMessage{raw})
	if err != nil {
		return err
	}
	k := created[0]
	t.Note("The secret of key %s (%s, %s), shown only once:", terminal.Printable(k.Name), k.Role,
		k.ID)
	t.PrintLine("%s", terminal.Printable(k.Secret))
	return nil
}

// keyRevokeCmd revokes a key. Every instance refuses it within a second.
//
// Route: DELETE /api/v1/tenants/T/keys/ID.
type keyRevokeCmd struct {
	tenantScoped
	ID string `arg:"" help:"The key's id."`
}

// Run revokes the key.
func (c *keyRevokeCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	if _, err := apiclient.Call[json.RawMessage](ctx, client, http.MethodDelete,
		c.keysPath()+"/"+apiclient.EscapeSegment(c.ID), nil, nil); err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(map[string]string{"revoked": c.ID})
	}
	t.PrintLine("The key %s is revoked.", terminal.Printable(c.ID))
	return nil
}
