package commands

import (
	"io"
	"os"

	"github.com/bailiwick-go/bailiwick/examples/registry/folder"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
)

// BundleCmd groups the commands that work on the files of bundles, without a registry.
type BundleCmd struct {
	Unpack bundleUnpackCmd `cmd:"" help:"Write a bundle as a folder with a file for each item, to keep it in git."`
	Pack   bundlePackCmd   `cmd:"" help:"Write such a folder as a bundle."`
	Verify bundleVerifyCmd `cmd:"" help:"Check that a bundle or a folder is whole, and who signed it."`

	Upgrade bundleUpgradeCmd `cmd:"" help:"Write a bundle in the newest version of the format."`
	Diff    bundleDiffCmd    `cmd:"" help:"List what differs between two bundles or folders."`
}

// jsonFlag asks for output for programs.
type jsonFlag struct {
	JSON bool `help:"Write JSON, for programs."`
}

// bundleResult is the output with --json.
type bundleResult struct {
	Path   string            `json:"path"`
	Count  int               `json:"count"`  // of items
	Digest federation.Digest `json:"digest"` // of the bundle
}

// print prints which bundle it is.
func (f jsonFlag) print(t terminal.Terminal, path string, m federation.Manifest) error {
	if f.JSON {
		return t.PrintJSON(bundleResult{path, m.Count, m.Digest})
	}
	t.PrintLine("%s: %d items, %s", terminal.Printable(path), m.Count, m.Digest)
	return nil
}

// bundleUnpackCmd writes a bundle as a folder.
type bundleUnpackCmd struct {
	jsonFlag
	File   string          `arg:"" type:"path" help:"The bundle's file; - is standard input."`
	Dir    string          `arg:"" type:"path" help:"The folder. Its items are replaced, its other files stay."`
	Format folder.Notation `enum:"yaml,json" default:"yaml" help:"The format of the items' files: ${enum}."`
}

// Run unpacks the bundle.
func (c *bundleUnpackCmd) Run(t terminal.Terminal) error {
	in, err := t.Open(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	m, err := folder.Unpack(in, c.Dir, c.Format)
	if err != nil {
		return err
	}
	return c.print(t, c.Dir, m)
}

// bundlePackCmd writes a folder as a bundle.
type bundlePackCmd struct {
	jsonFlag
	Dir    string `arg:"" type:"path" help:"The folder."`
	Output string `short:"o" type:"path" default:"-" placeholder:"FILE" help:"Write to FILE. Default: standard output."`
}

// Run packs the folder.
func (c *bundlePackCmd) Run(t terminal.Terminal) error {
	if c.JSON && c.Output == terminal.Standard {
		return terminal.Usagef("--json requires -o FILE:" +
			" without it the bundle is written to standard output")
	}
	var m federation.Manifest
	err := t.WriteFile(c.Output, func(w io.Writer) (err error) {
		m, err = folder.Pack(c.Dir, w)
		return err
	})
	if err != nil || c.Output == terminal.Standard {
		return err
	}
	return c.print(t, c.Output, m)
}

// openBundle opens a bundle. A folder is packed first.
func openBundle(t terminal.Terminal, path string) (io.ReadCloser, error) {
	info, err := os.Stat(path)
	if path == terminal.Standard || err != nil || !info.IsDir() {
		return t.Open(path)
	}
	return spool(t, path, func(w io.Writer) error {
		_, err := folder.Pack(path, w)
		return err
	})
}
