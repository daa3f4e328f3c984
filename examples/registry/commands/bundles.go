package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
)

// selection holds the flags that select the items to export.
type selection struct {
	Kinds  []string `name:"kind" help:"Only items of this kind (repeatable)."`
	Labels []string `name:"label" help:"Only items with this label, KEY=VALUE (repeatable; all must match)."`
}

// ExportCmd writes a tenant's bundle to standard output or to a file.
//
// Route: GET /api/v1/tenants/T/export.
type ExportCmd struct {
	apiclient.Flags
	selection
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The tenant to export, by slug or id."`
	Output string `short:"o" type:"path" placeholder:"FILE" help:"Write to FILE. Default: standard output."`
}

// exportResult is the output of export --json.
type exportResult struct {
	File   string            `json:"file"`
	Count  int               `json:"count"`  // of items
	Digest federation.Digest `json:"digest"` // of the bundle
}

// Run writes the bundle. With --json it also prints a summary, which requires that the
// bundle goes to a file.
func (c *ExportCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	if c.Output == "" {
		if c.JSON {
			return terminal.Usagef("--json requires -o:" +
				" without it the bundle is written to standard output")
		}
		_, err := exportBundle(ctx, t, client, c.Tenant, c.selection, t.Out)
		return err
	}
	manifest, err := c.toFile(ctx, t, client)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(exportResult{File: c.Output, Count: manifest.Count,
			Digest: manifest.Digest})
	}
	t.PrintLine("%s: %d items, %s", c.Output, manifest.Count, manifest.Digest)
	return nil
}

// toFile writes to a temporary file in the same directory and renames it when the
// bundle is complete. So the output file never holds a partial bundle.
func (c *ExportCmd) toFile(
	ctx context.Context, t terminal.Terminal, client *apiclient.Client,
) (m federation.Manifest, err error) {
	dir := filepath.Dir(c.Output)
	f, err := os.CreateTemp(dir, ".bailiwick-*.partial")
	if errors.Is(err, os.ErrNotExist) {
		return m, terminal.Usagef("%s: no such directory", dir)
	}
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if m, err = exportBundle(ctx, t, client, c.Tenant, c.selection, f); err != nil {
		return m, err
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return m, err
	}
	return m, os.Rename(f.Name(), c.Output)
}

// exportBundle copies a tenant's bundle to w and verifies it at the same time: without an
// error the bundle is complete and all its digests are correct.
func exportBundle(
	ctx context.Context, t terminal.Terminal, c *apiclient.Client, tenant string,
	sel selection, w io.Writer,
) (federation.Manifest, error) {
	resp, err := c.Do(ctx, apiclient.Request{
		Method: http.MethodGet,
		Path:   apiclient.TenantPath(tenant) + "/export",
		Query:  url.Values{"kind": sel.Kinds, "label": sel.Labels},
	})
	if err != nil {
		return federation.Manifest{}, err
	}
	defer resp.Body.Close()
	bar := t.Progress("export", resp.ContentLength)
	defer bar.Done()
	// What the parser reads is also written to w: the bundle isn't held in memory.
	bundle := federation.ReadBundle(io.TeeReader(bar.Reader(resp.Body), w))
	for _, err := range bundle.Items() {
		if err != nil {
			return federation.Manifest{}, fmt.Errorf("the bundle is invalid or incomplete: %w", err)
		}
	}
	return bundle.Manifest(), nil
}

// importFlags are the flags of import and promote.
type importFlags struct {
	Strategy string `enum:"fail,skip,overwrite,rename" default:"fail" help:"For items that differ there: ${enum}."`
	DryRun   bool   `help:"Report what would happen and write nothing."`
}

// ImportCmd imports a bundle from a file. The registry imports all of it in one
// transaction, or nothing.
//
// Route: POST /api/v1/tenants/T/import.
type ImportCmd struct {
	apiclient.Flags
	importFlags
	File   string `arg:"" type:"path" help:"The bundle's file."`
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The tenant to import into, by slug or id."`
}

// Run sends the bundle and prints the registry's report.
func (c *ImportCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if errors.Is(err, os.ErrNotExist) {
		return terminal.Usagef("%s: no such file", c.File)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return terminal.Usagef("%s is a directory, not a bundle", c.File)
	}
	return importBundle(ctx, t, client, c.Tenant, c.importFlags, f, info.Size(), c.JSON)
}

// PromoteCmd exports one tenant and imports the bundle into another tenant of the same
// registry.
//
// Routes: those of export and import.
type PromoteCmd struct {
	apiclient.Flags
	selection
	importFlags
	From string `arg:"" help:"The tenant to export, by slug or id."`
	To   string `arg:"" help:"The tenant to import into, by slug or id."`
}

// Run exports to a temporary file and imports it after the bundle is complete. An
// interrupted export must not become a partial import, and the import needs the size.
func (c *PromoteCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "bailiwick-*.bundle")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := exportBundle(ctx, t, client, c.From, c.selection, f); err != nil {
		return fmt.Errorf("export %s: %w", c.From, err)
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return importBundle(ctx, t, client, c.To, c.importFlags, f, size, c.JSON)
}
