// Package commands has the commands that are clients of a running registry, except load:
// tenants, API keys, users, members, invitations, the audit log and bundles.
package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// TenantCmd groups the commands that manage tenants. Creating, suspending, deleting and
// purging require a super-admin.
type TenantCmd struct {
	List     tenantListCmd     `cmd:"" help:"List your tenants; super-admins see all."`
	Show     tenantShowCmd     `cmd:"" help:"Show one tenant."`
	Create   tenantCreateCmd   `cmd:"" help:"Create a tenant."`
	Update   tenantUpdateCmd   `cmd:"" help:"Change a tenant's name, settings or quotas."`
	Suspend  tenantSuspendCmd  `cmd:"" help:"Suspend a tenant: its members are refused."`
	Activate tenantActivateCmd `cmd:"" help:"Activate a suspended tenant."`
	Delete   tenantDeleteCmd   `cmd:"" help:"Delete a tenant: its keys stop working, its data is kept."`
	Restore  tenantRestoreCmd  `cmd:"" help:"Restore a deleted tenant."`
	Purge    tenantPurgeCmd    `cmd:"" help:"Remove a deleted tenant and all its data permanently."`
}

// tenantArg holds the arguments of commands that manage one tenant.
type tenantArg struct {
	apiclient.Flags
	Tenant string `arg:"" help:"The tenant, by slug or id."`
}

// path returns the path of the tenant.
func (c tenantArg) path() string { return apiclient.TenantPath(c.Tenant) }

// tenantView is a tenant in the registry's response.
type tenantView struct {
	ID        string          `json:"id"`
	Slug      string          `json:"slug"`
	Name      string          `json:"name"`
	State     string          `json:"state"`
	Settings  json.RawMessage `json:"settings"`
	Quotas    quotas          `json:"quotas"`
	Version   int64           `json:"version"`
	CreatedAt string          `json:"created_at"`
	UpdatedAt string          `json:"updated_at"`
	DeletedAt string          `json:"deleted_at"`
}

// quotas are a tenant's quotas in the registry's JSON.
type quotas struct {
	Resources         map[string]int64 `json:"resources,omitempty"`
	RequestsPerSecond float64          `json:"requests_per_second,omitempty"`
}

// String formats the quotas for a table, such as "agent=500, 50 requests/s".
func (q quotas) String() string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(q.Resources)) {
		parts = append(parts, fmt.Sprintf("%s=%d", kind, q.Resources[kind]))
	}
	if q.RequestsPerSecond > 0 {
		parts = append(parts, strconv.FormatFloat(q.RequestsPerSecond, 'g', -1, 64)+" requests/s")
	}
	return strings.Join(parts, ", ")
}

// printTenant prints a tenant from the registry's response.
func printTenant(t terminal.Terminal, raw json.RawMessage, asJSON bool) error {
	if asJSON {
		return t.PrintJSON(raw)
	}
	tenants, err := apiclient.DecodeAll[tenantView]([]json.RawMessage{raw})
	if err != nil {
		return err
	}
	s := tenants[0]
	return t.PrintTable([]string{"SLUG", s.Slug}, [][]string{
		{"ID", s.ID}, {"NAME", s.Name}, {"STATE", s.State}, {"SETTINGS", string(s.Settings)},
		{"QUOTAS", s.Quotas.String()},
		{"VERSION", strconv.FormatInt(s.Version, 10)}, {"CREATED", s.CreatedAt},
		{"UPDATED", s.UpdatedAt}, {"DELETED", s.DeletedAt},
	})
}

// sendAndPrint sends a request and prints the tenant of the response.
func (c tenantArg) sendAndPrint(
	ctx context.Context, t terminal.Terminal, method, path string, in any,
) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	raw, err := apiclient.Call[json.RawMessage](ctx, client, method, path, nil, in)
	if err != nil {
		return err
	}
	return printTenant(t, raw, c.JSON)
}

// tenantListCmd lists the tenants that the caller can see.
//
// Route: GET /api/v1/tenants.
type tenantListCmd struct {
	apiclient.Flags
	State string `enum:"${states},any" default:"any" help:"Only tenants in this state: ${enum}."`
}

// Run lists the tenants.
func (c *tenantListCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	query := url.Values{}
	if c.State != "any" {
		query.Set("state", c.State)
	}
	raw, err := apiclient.List[json.RawMessage](ctx, client, "/api/v1/tenants", query)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(raw)
	}
	tenants, err := apiclient.DecodeAll[tenantView](raw)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, s := range tenants {
		rows = append(rows, []string{s.Slug, s.Name, s.State, s.Quotas.String(), s.CreatedAt, s.ID})
	}
	return t.PrintTable([]string{"SLUG", "NAME", "STATE", "QUOTAS", "CREATED", "ID"}, rows)
}

// tenantShowCmd shows one tenant.
//
// Route: GET /api/v1/tenants/T.
type tenantShowCmd struct{ tenantArg }

// Run prints the tenant.
func (c *tenantShowCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return c.sendAndPrint(ctx, t, http.MethodGet, c.path(), nil)
}

// tenantChanges holds the flags that set a tenant's properties.
type tenantChanges struct {
	Name              string           `help:"The display name."`
	Settings          string           `placeholder:"JSON" help:"A JSON object that replaces all settings."`
	Quota             map[string]int64 `placeholder:"KIND=N" help:"Maximum resources of a kind (repeatable)."`
	RequestsPerSecond float64          `help:"Maximum requests per second in each instance."`
	NoQuotas          bool             `help:"Remove all quotas."`
}

// body returns the request body that the flags describe. A member without a flag is
// absent, so that the registry doesn't change it.
func (f tenantChanges) body() (map[string]any, error) {
	in := map[string]any{}
	if f.Name != "" {
		in["name"] = f.Name
	}
	if f.Settings != "" {
		if !json.Valid([]byte(f.Settings)) {
			return nil, terminal.Usagef("invalid --settings: use a JSON object")
		}
		in["settings"] = json.RawMessage(f.Settings)
	}
	limited := len(f.Quota) > 0 || f.RequestsPerSecond != 0
	switch {
	case limited && f.NoQuotas:
		return nil, terminal.Usagef(
			"--no-quotas can't be combined with --quota or --requests-per-second")
	case limited || f.NoQuotas:
		in["quotas"] = quotas{f.Quota, f.RequestsPerSecond}
	}
	return in, nil
}

// tenantCreateCmd creates a tenant. The slug can't be changed later.
//
// Route: POST /api/v1/tenants.
type tenantCreateCmd struct {
	apiclient.Flags
	tenantChanges
	Slug string `arg:"" help:"The tenant's name in host names and URLs."`
}

// Run creates the tenant. The name defaults to the slug.
func (c *tenantCreateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	in, err := c.body()
	if err != nil {
		return err
	}
	in["slug"] = c.Slug
	if c.Name == "" {
		in["name"] = c.Slug
	}
	return tenantArg{Flags: c.Flags}.sendAndPrint(ctx, t, http.MethodPost, "/api/v1/tenants", in)
}

// tenantUpdateCmd changes a tenant. Properties without a flag stay unchanged.
//
// Routes: PUT /api/v1/tenants/T, for quotas after GET.
type tenantUpdateCmd struct {
	tenantArg
	tenantChanges
}

// Help describes how quotas change.
func (tenantUpdateCmd) Help() string {
	return `--quota and --requests-per-second change the given quotas; the others stay.`
}

// Run changes the properties that the flags set.
func (c *tenantUpdateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	in, err := c.body()
	if err != nil {
		return err
	}
	if len(in) == 0 {
		return terminal.Usagef("nothing to change: see registry tenant update --help")
	}
	if _, given := in["quotas"]; !given || c.NoQuotas {
		return c.sendAndPrint(ctx, t, http.MethodPut, c.path(), in)
	}
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	raw, err := c.mergeQuotas(ctx, client, in)
	if isVersionMismatch(err) {
		raw, err = c.mergeQuotas(ctx, client, in)
	}
	if isVersionMismatch(err) {
		err = fmt.Errorf("%w\nothers change the tenant at the same time: run the command again", err)
	}
	if err != nil {
		return err
	}
	return printTenant(t, raw, c.JSON)
}

func isVersionMismatch(err error) bool {
	e, ok := errors.AsType[*apiclient.Error](err)
	return ok && e.Code == tenancy.CodeVersionMismatch
}

// mergeQuotas adds the tenant's other quotas to those that the flags set, since the registry
// replaces quotas as a whole, and sends the change. The registry refuses it if the tenant has
// changed since it was read.
func (c *tenantUpdateCmd) mergeQuotas(
	ctx context.Context, client *apiclient.Client, in map[string]any,
) (json.RawMessage, error) {
	current, tag, err := apiclient.CallTagged[tenantView](ctx, client,
		apiclient.Request{Method: http.MethodGet, Path: c.path()}, nil)
	if err != nil {
		return nil, err
	}
	merged := current.Quotas
	merged.RequestsPerSecond = cmp.Or(c.RequestsPerSecond, merged.RequestsPerSecond)
	if merged.Resources == nil {
		merged.Resources = map[string]int64{}
	}
	maps.Copy(merged.Resources, c.Quota)
	in["quotas"] = merged
	raw, _, err := apiclient.CallTagged[json.RawMessage](ctx, client, apiclient.Request{
		Method: http.MethodPut, Path: c.path(), Header: map[string]string{"If-Match": tag}}, in)
	return raw, err
}

// tenantSuspendCmd suspends a tenant: its members get 403 tenant_suspended.
//
// Route: PUT /api/v1/tenants/T.
type tenantSuspendCmd struct{ tenantArg }

// Run suspends the tenant.
func (c *tenantSuspendCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return c.setState(ctx, t, tenancy.Suspended)
}

// setState changes the state of the tenant.
func (c tenantArg) setState(ctx context.Context, t terminal.Terminal, state tenancy.State) error {
	return c.sendAndPrint(ctx, t, http.MethodPut, c.path(), map[string]any{"state": state})
}

// tenantActivateCmd ends a suspension.
//
// Route: PUT /api/v1/tenants/T.
type tenantActivateCmd struct{ tenantArg }

// Run activates the tenant.
func (c *tenantActivateCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return c.setState(ctx, t, tenancy.Active)
}

// tenantDeleteCmd soft-deletes a tenant. Its data is kept and its slug stays reserved.
//
// Routes: DELETE and then GET /api/v1/tenants/T.
type tenantDeleteCmd struct{ tenantArg }

// Run soft-deletes the tenant and prints it.
func (c *tenantDeleteCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	if _, err := apiclient.Call[json.RawMessage](ctx, client, http.MethodDelete, c.path(), nil,
		nil); err != nil {
		return err
	}
	return c.sendAndPrint(ctx, t, http.MethodGet, c.path(), nil)
}

// tenantRestoreCmd undoes a deletion.
//
// Route: POST /api/v1/tenants/T/restore.
type tenantRestoreCmd struct{ tenantArg }

// Run restores the tenant.
func (c *tenantRestoreCmd) Run(ctx context.Context, t terminal.Terminal) error {
	return c.sendAndPrint(ctx, t, http.MethodPost, c.path()+"/restore", nil)
}

// tenantPurgeCmd removes all rows of a deleted tenant. This can't be undone, so the user
// must confirm with the slug, by the flag or at the prompt.
//
// Route: POST /api/v1/tenants/T/purge.
type tenantPurgeCmd struct {
	tenantArg
	Confirm string `placeholder:"SLUG" help:"The tenant's slug. Default: the command prompts for it."`
}

// certificate is the registry's response to a purge.
type certificate struct {
	Slug     string           `json:"slug"`
	Rows     map[string]int64 `json:"rows"`
	PurgedAt string           `json:"purged_at"`
	Digest   string           `json:"digest"`
}

// Run purges the tenant and prints the certificate: the removed rows of each table and
// the digest, which stays in the platform's audit log.
func (c *tenantPurgeCmd) Run(ctx context.Context, t terminal.Terminal) error {
	if c.Confirm == "" {
		t.Note("All data of the tenant %s will be removed permanently. Type its slug to confirm:",
			terminal.Printable(c.Tenant))
		if c.Confirm = t.ReadLine(); c.Confirm == "" {
			return terminal.Usagef("nothing was purged: confirm with --confirm SLUG")
		}
	}
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	raw, err := apiclient.Call[json.RawMessage](ctx, client, http.MethodPost,
		c.path()+"/purge", nil, map[string]string{"confirm": c.Confirm})
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(raw)
	}
	certificates, err := apiclient.DecodeAll[certificate]([]json.RawMessage{raw})
	if err != nil {
		return err
	}
	purged := certificates[0]
	var rows [][]string
	for _, table := range slices.Sorted(maps.Keys(purged.Rows)) {
		rows = append(rows, []string{table, strconv.FormatInt(purged.Rows[table], 10)})
	}
	if err := t.PrintTable([]string{"TABLE", "ROWS"}, rows); err != nil {
		return err
	}
	t.PrintLine("%s was purged at %s.\n%s", terminal.Printable(purged.Slug), purged.PurgedAt,
		purged.Digest)
	return nil
}
