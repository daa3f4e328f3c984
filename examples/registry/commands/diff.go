package commands

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
)

// bundleDiffCmd compares two bundles.
type bundleDiffCmd struct {
	jsonFlag
	From     string `arg:"" type:"path" help:"A bundle's file or a folder; - is standard input."`
	To       string `arg:"" type:"path" help:"The bundle's file or the folder that it is compared with."`
	ExitCode bool   `help:"Exit with 1 if they differ."`
}

// Run prints what differs. The bundles aren't held in memory.
func (c *bundleDiffCmd) Run(t terminal.Terminal) error {
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
	return printDifferences(t, sides[0], sides[1], c.JSON, c.ExitCode)
}

// DiffCmd compares two tenants of the same registry.
//
// Route: GET /api/v1/tenants/T/export.
type DiffCmd struct {
	apiclient.Flags
	selection
	From     string `arg:"" help:"A tenant, by slug or id."`
	To       string `arg:"" help:"The tenant that it is compared with."`
	ExitCode bool   `help:"Exit with 1 if they differ."`
}

// Run exports both tenants to temporary files, and prints what differs.
func (c *DiffCmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	var sides [2]*side
	for i, tenant := range []string{c.From, c.To} {
		f, err := spoolExport(ctx, t, client, tenant, c.selection, func(federation.Item) {})
		if err != nil {
			return err
		}
		defer f.Close()
		sides[i] = newSide(tenant, f)
		defer sides[i].stop()
	}
	return printDifferences(t, sides[0], sides[1], c.JSON, c.ExitCode)
}

// itemDifference is an item that only one side has, or that differs.
type itemDifference struct {
	federation.Ref
	OnlyIn  string                  `json:"only_in,omitempty"` // from or to
	Changes []federation.Difference `json:"changes"`
}

// printDifferences prints the items that differ, in the order of the bundles.
func printDifferences(t terminal.Terminal, from, to *side, asJSON, exitCode bool) error {
	all := []itemDifference{}
	different := false
	for d, err := range differences(from, to) {
		if err != nil {
			return err
		}
		if different = true; asJSON {
			all = append(all, d)
			continue
		}
		printDifference(t, d, map[string]string{"from": from.name, "to": to.name})
	}
	if asJSON {
		if err := t.PrintJSON(map[string]any{"items": all}); err != nil {
			return err
		}
	}
	if different && exitCode {
		return terminal.ErrRefused
	}
	return nil
}

func printDifference(t terminal.Terminal, d itemDifference, names map[string]string) {
	if d.OnlyIn != "" {
		t.PrintLine("%s %q only in %s", d.Kind, d.Name, terminal.Printable(names[d.OnlyIn]))
		return
	}
	t.PrintLine("%s %q differs", d.Kind, d.Name)
	for _, change := range d.Changes {
		t.PrintLine("    %s: %s → %s", terminal.Printable(change.Path),
			terminal.Printable(truncate(change.From)), terminal.Printable(truncate(change.To)))
	}
}

// side is one of two bundles that are compared.
type side struct {
	name string
	next func() (federation.Item, error, bool)
	stop func()

	item federation.Item // the next one
	more bool
}

func newSide(name string, in io.Reader) *side {
	next, stop := iter.Pull2(federation.ReadBundle(in).Items())
	return &side{name: name, next: next, stop: stop}
}

// advance reads the next item.
func (s *side) advance() error {
	item, err, more := s.next()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	s.item, s.more = item, more
	return nil
}

// differences yields the items that differ.
func differences(from, to *side) iter.Seq2[itemDifference, error] {
	return func(yield func(itemDifference, error) bool) {
		advance := []*side{from, to}
		for {
			for _, s := range advance {
				if err := s.advance(); err != nil {
					yield(itemDifference{}, err)
					return
				}
			}
			if !from.more && !to.more {
				return
			}
			var d itemDifference
			if d, advance = compare(from, to); d.OnlyIn == "" && len(d.Changes) == 0 {
				continue
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// compare compares the next items, and returns the sides whose item was looked at. An item that
// both have alike has no changes.
func compare(from, to *side) (itemDifference, []*side) {
	order := from.item.Ref.Compare(to.item.Ref)
	switch {
	case !from.more || to.more && order > 0:
		return itemDifference{to.item.Ref, "to", []federation.Difference{}}, []*side{to}
	case !to.more || order < 0:
		return itemDifference{from.item.Ref, "from", []federation.Difference{}}, []*side{from}
	}
	d := itemDifference{Ref: to.item.Ref}
	if from.item.Digest != to.item.Digest {
		d.Changes = federation.Diff(from.item, to.item)
	}
	return d, []*side{from, to}
}
