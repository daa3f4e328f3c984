package commands

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
)

// selection holds the flags that select the items to export.
type selection struct {
	Kinds  []string `name:"kind" help:"Only items of this kind (repeatable)."`
	Names  []string `name:"name" sep:"none" help:"Only items of this name (repeatable)."`
	Labels []string `name:"label" help:"Only items with this label, KEY=VALUE (repeatable; all must match)."`

	WithReferences bool `help:"Also everything that these items refer to, at any depth."`
}

// exportQuery returns the parameters of the route of an export.
func (s selection) exportQuery() url.Values {
	query := url.Values{"kind": s.Kinds, "name": s.Names, "label": s.Labels}
	if s.WithReferences {
		query.Set("with_references", "true")
	}
	return query
}

// ExportCmd writes a tenant's bundle to standard output or to a file.
//
// Route: GET /api/v1/tenants/T/export.
type ExportCmd struct {
	apiclient.Flags
	selection
	reasonFlags
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The tenant to export, by slug or id."`
	Output string `short:"o" type:"path" default:"-" placeholder:"FILE" help:"Write to FILE. Default: standard output."`
}

// exportResult is the output of export --json.
type exportResult struct {
	File   string            `json:"file"`
	Count  int               `json:"count"`  // of items
	Digest federation.Digest `json:"digest"` // of the bundle
	*reasons
}

// Run writes the bundle. With --json it also prints a summary, which requires that the
// bundle goes to a file.
func (c *ExportCmd) Run(ctx context.Context, t terminal.Terminal) error {
	if c.JSON && c.Output == terminal.Standard {
		return terminal.Usagef("--json requires -o FILE:" +
			" without it the bundle is written to standard output")
	}
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	why, err := newReasonFinder(c.selection)
	if err != nil {
		return err
	}
	var manifest federation.Manifest
	err = t.WriteFile(c.Output, func(w io.Writer) (err error) {
		manifest, err = exportBundle(ctx, t, client, c.Tenant, c.selection, w, why.add)
		return err
	})
	if err != nil {
		return err
	}
	found := why.find()
	if !c.JSON {
		found.note(t, c.Verbose)
	}
	if c.Output == terminal.Standard {
		return nil
	}
	if c.JSON {
		return t.PrintJSON(exportResult{File: c.Output, Count: manifest.Count,
			Digest: manifest.Digest, reasons: found})
	}
	t.PrintLine("%s: %d items, %s", c.Output, manifest.Count, manifest.Digest)
	return nil
}

// exportBundle copies a tenant's bundle to w and verifies it at the same time: without an
// error the bundle is complete and all its digests are correct. It calls each with every item.
func exportBundle(
	ctx context.Context, t terminal.Terminal, c *apiclient.Client, tenant string,
	sel selection, w io.Writer, each func(federation.Item),
) (federation.Manifest, error) {
	working := t.Working("export: the registry is working")
	resp, err := c.Do(ctx, apiclient.Request{
		Method: http.MethodGet,
		Path:   apiclient.TenantPath(tenant) + "/export",
		Query:  sel.exportQuery(),
	})
	working.Done()
	if err != nil {
		return federation.Manifest{}, err
	}
	defer resp.Body.Close()
	bar := t.Progress("export", resp.ContentLength)
	defer bar.Done()
	// What the parser reads is also written to w: the bundle isn't held in memory.
	bundle := federation.ReadBundle(io.TeeReader(bar.Reader(resp.Body), w))
	for item, err := range bundle.Items() {
		if err != nil {
			return federation.Manifest{}, fmt.Errorf("the bundle is invalid or incomplete: %w", err)
		}
		each(item)
	}
	return bundle.Manifest(), nil
}

// spoolExport returns a temporary file with a tenant's verified bundle, to be read from its start.
func spoolExport(
	ctx context.Context, t terminal.Terminal, c *apiclient.Client, tenant string, sel selection,
	each func(federation.Item),
) (*os.File, error) {
	return spool(t, "export "+tenant, func(w io.Writer) error {
		_, err := exportBundle(ctx, t, c, tenant, sel, w, each)
		return err
	})
}

// spool returns a temporary file with what write writes, to be read from its start. what names it in
// an error.
func spool(t terminal.Terminal, what string, write func(io.Writer) error) (*os.File, error) {
	f, err := t.Spool(strings.NewReader(""))
	if err != nil {
		return nil, err
	}
	if err = write(f); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return f, nil
}

// importFlags are the flags of import and promote.
type importFlags struct {
	Strategy string `enum:"${strategies}" default:"${strategy}" help:"For items that both sides changed: ${enum}."`
	DryRun   bool   `help:"Report what would happen and write nothing."`
	Prune    bool   `help:"Also delete what came from the source and is no longer there."`
	Confirm  bool   `help:"Let --prune delete more than a fifth of what came from the source."`

	RequireSecrets bool `help:"Refuse the import if a secret would have no value."`
}

// query returns the parameters of the route. What is pruned is what the bundle is an export of.
func (f importFlags) query(pruned selection) url.Values {
	q := url.Values{"strategy": {f.Strategy}, "dry_run": {strconv.FormatBool(f.DryRun)}}
	if f.RequireSecrets {
		q.Set("require_secrets", "true")
	}
	if f.Prune {
		q["kind"], q["name"], q["label"] = pruned.Kinds, pruned.Names, pruned.Labels
		q.Set("prune", "true")
		q.Set("confirm", strconv.FormatBool(f.Confirm))
	}
	return q
}

// ImportCmd imports a bundle from a file. The registry imports all of it in one
// transaction, or nothing.
//
// Route: POST /api/v1/tenants/T/import.
type ImportCmd struct {
	apiclient.Flags
	importFlags
	Kinds  []string `name:"kind" help:"With --prune: delete only items of this kind (repeatable)."`
	Names  []string `name:"name" sep:"none" help:"With --prune: delete only items of this name (repeatable)."`
	Labels []string `name:"label" help:"With --prune: delete only items with this label, KEY=VALUE."`
	File   string   `arg:"" type:"path" help:"The bundle's file; - is standard input."`
	Tenant string   `required:"" env:"REGISTRY_TENANT" help:"The tenant to import into, by slug or id."`
}

// Run sends the bundle and prints the registry's report. It copies the bundle first: what is
// sent can be sent again, standard input can't be read again.
func (c *ImportCmd) Run(ctx context.Context, t terminal.Terminal) error {
	if len(c.Kinds)+len(c.Names)+len(c.Labels) > 0 && !c.Prune {
		return terminal.Usagef("--kind, --name and --label say what --prune may delete: a bundle is imported" +
			" as a whole")
	}
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	in, err := t.Open(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	bundle, err := t.Spool(in)
	if err != nil {
		return err
	}
	defer bundle.Close()
	pruned := selection{Kinds: c.Kinds, Names: c.Names, Labels: c.Labels}
	return importBundle(ctx, t, client, c.Tenant, c.query(pruned), bundle, c.JSON)
}

// PromoteCmd exports one tenant and imports the bundle into another tenant of the same
// registry.
//
// Routes: those of export and import.
type PromoteCmd struct {
	apiclient.Flags
	selection
	reasonFlags
	importFlags
	From string `arg:"" help:"The tenant to export, by slug or id."`
	To   string `arg:"" help:"The tenant to import into, by slug or id."`
}

// Run exports to a temporary file and imports it after the bundle is complete. An
// interrupted export must not become a partial import.
func (c *PromoteCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	if err := c.checkDifferent(ctx, client); err != nil {
		return err
	}
	why, err := newReasonFinder(c.selection)
	if err != nil {
		return err
	}
	f, err := spoolExport(ctx, t, client, c.From, c.selection, why.add)
	if err != nil {
		return err
	}
	defer f.Close()
	if !c.JSON {
		why.find().note(t, c.Verbose)
	}
	return importBundle(ctx, t, client, c.To, c.query(c.selection), f, c.JSON)
}

// checkDifferent refuses to promote a tenant to itself, whether it is named by its slug or
// by its id.
func (c *PromoteCmd) checkDifferent(ctx context.Context, client *apiclient.Client) error {
	var ids [2]string
	for i, tenant := range []string{c.From, c.To} {
		t, err := apiclient.Call[tenantView](ctx, client, http.MethodGet,
			apiclient.TenantPath(tenant), nil, nil)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", tenant, err)
		}
		ids[i] = t.ID
	}
	if ids[0] == ids[1] {
		return terminal.Usagef("%s and %s are the same tenant: promote copies from one tenant to"+
			" another", c.From, c.To)
	}
	return nil
}
