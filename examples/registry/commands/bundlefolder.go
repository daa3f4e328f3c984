package commands

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/folder"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
)

// BundleCmd groups the commands that work on the files of bundles, without a registry.
type BundleCmd struct {
	Unpack bundleUnpackCmd `cmd:"" help:"Write a bundle as a folder with a file for each item, to keep it in git."`
	Pack   bundlePackCmd   `cmd:"" help:"Write such a folder as a bundle."`
	Verify bundleVerifyCmd `cmd:"" help:"Check that a bundle or a folder is whole."`
	Diff   bundleDiffCmd   `cmd:"" help:"List what differs between two bundles or folders."`
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

// bundleVerifyCmd reads a bundle or a folder to its end.
type bundleVerifyCmd struct {
	jsonFlag
	Path string `arg:"" type:"path" help:"The bundle's file or the folder; - is standard input."`
}

// Run verifies the bundle.
func (c *bundleVerifyCmd) Run(t terminal.Terminal) error {
	in, err := openBundle(t, c.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	bundle := federation.ReadBundle(in)
	for _, err := range bundle.Items() {
		if err != nil {
			return fmt.Errorf("%s: %w", c.Path, err)
		}
	}
	return c.print(t, c.Path, bundle.Manifest())
}

// openBundle opens a bundle. A folder is packed first.
func openBundle(t terminal.Terminal, path string) (io.ReadCloser, error) {
	info, err := os.Stat(path)
	if path == terminal.Standard || err != nil || !info.IsDir() {
		return t.Open(path)
	}
	packed, err := t.Spool(strings.NewReader(""))
	if err != nil {
		return nil, err
	}
	_, err = folder.Pack(path, packed)
	if err == nil {
		_, err = packed.Seek(0, io.SeekStart)
	}
	if err != nil {
		packed.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return packed, nil
}

// bundleDiffCmd compares two bundles.
type bundleDiffCmd struct {
	jsonFlag
	From     string `arg:"" type:"path" help:"A bundle's file or a folder; - is standard input."`
	To       string `arg:"" type:"path" help:"The bundle's file or the folder that it is compared with."`
	ExitCode bool   `help:"Exit with 1 if they differ."`
}

// itemDifference says how an item of one bundle becomes that of the other.
type itemDifference struct {
	federation.Ref
	Action  string                  `json:"action"` // create, update or delete
	Changes []federation.Difference `json:"changes"`
}

// Run prints the items that differ, in the order of the bundles. The bundles aren't held in memory.
func (c *bundleDiffCmd) Run(_ context.Context, t terminal.Terminal) error {
	var sides [2]*side
	for i, path := range []string{c.From, c.To} {
		in, err := openBundle(t, path)
		if err != nil {
			return err
		}
		defer in.Close()
		sides[i] = newSide(path, in)
		defer sides[i].stop()
	}
	found := []itemDifference{}
	different := false
	for d, err := range differences(sides[0], sides[1]) {
		if err != nil {
			return err
		}
		if different = true; c.JSON {
			found = append(found, d)
			continue
		}
		printDifference(t, d)
	}
	if c.JSON {
		if err := t.PrintJSON(map[string]any{"items": found}); err != nil {
			return err
		}
	}
	if different && c.ExitCode {
		return terminal.ErrRefused
	}
	return nil
}

func printDifference(t terminal.Terminal, d itemDifference) {
	t.PrintLine("%s %s %q", d.Action, d.Kind, d.Name)
	for _, change := range d.Changes {
		t.PrintLine("    %s: %s → %s", terminal.Printable(change.Path),
			terminal.Printable(truncate(change.From)), terminal.Printable(truncate(change.To)))
	}
}

// side is one of two bundles that are compared.
type side struct {
	path string
	next func() (federation.Item, error, bool)
	stop func()

	item federation.Item // the next one
	more bool
}

func newSide(path string, in io.Reader) *side {
	next, stop := iter.Pull2(federation.ReadBundle(in).Items())
	return &side{path: path, next: next, stop: stop}
}

// advance reads the next item.
func (s *side) advance() error {
	item, err, more := s.next()
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	s.item, s.more = item, more
	return nil
}

// differences yields the items that differ.
func differences(from, to *side) iter.Seq2[itemDifference, error] {
	return func(yield func(itemDifference, error) bool) {
		err := from.advance()
		if err == nil {
			err = to.advance()
		}
		for err == nil && (from.more || to.more) {
			d, differs := compare(from, to)
			if differs && !yield(d, nil) {
				return
			}
			switch d.Action {
			case "create":
				err = to.advance()
			case "delete":
				err = from.advance()
			default:
				if err = from.advance(); err == nil {
					err = to.advance()
				}
			}
		}
		if err != nil {
			yield(itemDifference{}, err)
		}
	}
}

// compare returns what the next step is, and whether it is a difference.
func compare(from, to *side) (itemDifference, bool) {
	order := from.item.Ref.Compare(to.item.Ref)
	switch {
	case !from.more || to.more && order > 0:
		return itemDifference{to.item.Ref, "create", []federation.Difference{}}, true
	case !to.more || order < 0:
		return itemDifference{from.item.Ref, "delete", []federation.Difference{}}, true
	}
	return itemDifference{to.item.Ref, "update", federation.Diff(from.item, to.item)},
		from.item.Digest != to.item.Digest
}
