package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
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
	var missing [2][]string
	for i, tenant := range []string{c.From, c.To} {
		f, names, err := spoolPresent(ctx, t, client, tenant, c.selection)
		if err != nil {
			return err
		}
		sides[i], missing[i] = emptySide(tenant), names
		if f != nil {
			defer f.Close()
			sides[i] = newSide(tenant, f)
		}
		defer sides[i].stop()
	}
	for _, name := range missing[0] {
		if slices.Contains(missing[1], name) {
			return fmt.Errorf("neither %s nor %s has anything selected that is named %q", c.From,
				c.To, name)
		}
	}
	return printDifferences(t, sides[0], sides[1], c.JSON, c.ExitCode)
}

// spoolPresent is spoolExport without the names that the tenant doesn't have, which it returns too.
// If no name is left, it returns no file.
func spoolPresent(
	ctx context.Context, t terminal.Terminal, c *apiclient.Client, tenant string, sel selection,
) (f *os.File, missing []string, err error) {
	sel.Names = slices.Clone(sel.Names)
	for {
		f, err = spoolExport(ctx, t, c, tenant, sel, func(federation.Item) {})
		names := missingNames(err)
		left := len(sel.Names)
		sel.Names = slices.DeleteFunc(sel.Names, func(name string) bool {
			return slices.Contains(names, federation.NormalName(name))
		})
		if len(sel.Names) == left {
			return f, missing, err
		}
		missing = append(missing, names...)
		if len(sel.Names) == 0 {
			return nil, missing, nil
		}
	}
}

// missingNames returns the names that an export was refused for.
func missingNames(err error) []string {
	problem, ok := errors.AsType[*apiclient.Error](err)
	if !ok || problem.Code != tenancy.CodeNotFound {
		return nil
	}
	var members struct{ Names []string }
	if json.Unmarshal(problem.Body, &members) != nil {
		return nil
	}
	return members.Names
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

// emptySide is a side without items.
func emptySide(name string) *side {
	none := func() (item federation.Item, err error, more bool) { return }
	return &side{name: name, next: none, stop: func() {}}
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
