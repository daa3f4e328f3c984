package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

type keyCmd struct {
	List   keyListCmd   `cmd:"" help:"List a tenant's API keys, without their secrets."`
	Create keyCreateCmd `cmd:"" help:"Create an API key; its secret is shown once."`
	Rotate keyRotateCmd `cmd:"" help:"Replace an API key by a new one, and let it work on for a while."`
	Revoke keyRevokeCmd `cmd:"" help:"Revoke an API key, at once and for good."`
}

func (c inTenant) keys() string { return c.path("/keys") }

// keySeen is a key as the registry answers it; Secret only once.
type keySeen struct {
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

type keyListCmd struct{ inTenant }

// Run prints a line for each key.
func (c *keyListCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	raw, err := list[json.RawMessage](ctx, client, c.keys(), nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(raw)
	}
	keys, err := readAll[keySeen](raw)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, k := range keys {
		rows = append(rows, []string{k.Name, k.Role, k.Prefix, k.CreatedAt, k.ExpiresAt,
			k.LastUsedAt, k.RotatedTo, k.ID})
	}
	return t.columns([]string{"NAME", "ROLE", "PREFIX", "CREATED", "EXPIRES", "LAST USED",
		"ROTATED TO", "ID"}, rows)
}

type keyCreateCmd struct {
	inTenant
	Name      string        `arg:"" help:"What people call it."`
	Role      string        `required:"" enum:"viewer,editor,admin,replicator" help:"What it may do: ${enum}."`
	ExpiresIn time.Duration `placeholder:"720h" help:"How long it works. Default: until it is revoked."`
}

// Run makes the key and prints its secret.
func (c *keyCreateCmd) Run(ctx context.Context, t terminal) error {
	in := map[string]any{"name": c.Name, "role": c.Role}
	if c.ExpiresIn != 0 {
		in["expires_at"] = time.Now().Add(c.ExpiresIn).UTC().Format(time.RFC3339)
	}
	return c.tellSecret(ctx, t, c.keys(), in)
}

type keyRotateCmd struct {
	inTenant
	ID      string        `arg:"" help:"The key's id."`
	Overlap time.Duration `default:"24h" help:"How long the old key goes on working."`
}

// Run replaces the key and prints the new one's secret.
func (c *keyRotateCmd) Run(ctx context.Context, t terminal) error {
	return c.tellSecret(ctx, t, c.keys()+"/"+escapeSegment(c.ID)+"/rotate",
		map[string]any{"overlap": c.Overlap.String()})
}

// tellSecret makes a key. The secret alone is the output, for pipes; the rest is
// said beside it.
func (c inTenant) tellSecret(ctx context.Context, t terminal, path string, in any) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	raw, err := call[json.RawMessage](ctx, client, http.MethodPost, path, nil, in)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(raw)
	}
	made, err := readAll[keySeen]([]json.RawMessage{raw})
	if err != nil {
		return err
	}
	k := made[0]
	t.note("The key %s (%s, %s) has this secret, which is shown nowhere else:", plain(k.Name),
		k.Role, k.ID)
	t.say("%s", plain(k.Secret))
	return nil
}

type keyRevokeCmd struct {
	inTenant
	ID string `arg:"" help:"The key's id."`
}

// Run revokes the key.
func (c *keyRevokeCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	if _, err := call[json.RawMessage](ctx, client, http.MethodDelete,
		c.keys()+"/"+escapeSegment(c.ID), nil, nil); err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(map[string]string{"revoked": c.ID})
	}
	t.say("The key %s is refused from now on.", plain(c.ID))
	return nil
}
