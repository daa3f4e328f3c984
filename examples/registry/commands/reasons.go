package commands

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// reasonFlags are the flags of the commands that say why an export has its items.
type reasonFlags struct {
	Verbose bool `short:"v" help:"With --with-references: list what came by reference, and from where."`
}

// reasons says why an export with references has its items.
type reasons struct {
	Selected    int          `json:"selected"` // items that the selection itself selects
	ByReference []referredBy `json:"by_reference"`

	added int // the other items, also those whose kind this program doesn't know
}

// referredBy is an item that came by reference, and the item that refers to it on a shortest way
// from a selected one.
type referredBy struct {
	federation.Ref
	From federation.Ref `json:"from"`
}

// reasonFinder finds why an export has its items. A nil one finds nothing.
type reasonFinder struct {
	sel      ports.Selection
	kinds    *federation.Kinds
	selected []federation.Ref
	targets  map[federation.Ref][]federation.Target
}

// newReasonFinder returns the finder for an export, nil for one without references.
func newReasonFinder(sel selection) (*reasonFinder, error) {
	if !sel.WithReferences {
		return nil, nil
	}
	known, err := kinds.References()
	if err != nil {
		return nil, err
	}
	f := &reasonFinder{kinds: known, targets: map[federation.Ref][]federation.Target{},
		sel: ports.Selection{Kinds: sel.Kinds, Labels: map[string]string{}}}
	for _, name := range sel.Names {
		f.sel.Names = append(f.sel.Names, federation.NormalName(name))
	}
	for _, label := range sel.Labels {
		key, value, _ := strings.Cut(label, "=")
		f.sel.Labels[federation.NormalName(key)] = value
	}
	return f, nil
}

// add takes the next item of the bundle.
func (f *reasonFinder) add(item federation.Item) {
	if f == nil {
		return
	}
	if f.sel.Selects(item) {
		f.selected = append(f.selected, item.Ref)
	}
	targets, err := f.kinds.Targets(item)
	if err != nil {
		targets = nil // a newer registry has kinds and references that this program doesn't know
	}
	f.targets[item.Ref] = targets
}

// find follows the references from the selected items. It returns nil if f is nil.
func (f *reasonFinder) find() *reasons {
	if f == nil {
		return nil
	}
	found := &reasons{Selected: len(f.selected), ByReference: []referredBy{},
		added: len(f.targets) - len(f.selected)}
	reached := map[federation.Ref]bool{}
	for _, ref := range f.selected {
		reached[ref] = true
	}
	for queue := slices.Clone(f.selected); len(queue) > 0; queue = queue[1:] {
		for _, target := range f.targets[queue[0]] {
			if _, exported := f.targets[target.Ref]; !exported || reached[target.Ref] {
				continue
			}
			reached[target.Ref] = true
			found.ByReference = append(found.ByReference, referredBy{target.Ref, queue[0]})
			queue = append(queue, target.Ref)
		}
	}
	slices.SortFunc(found.ByReference,
		func(a, b referredBy) int { return a.Ref.Compare(b.Ref) })
	return found
}

// note tells the user how many items came for which reason and, if verbose, lists those that came by
// reference. It tells nothing if r is nil.
func (r *reasons) note(t terminal.Terminal, verbose bool) {
	if r == nil {
		return
	}
	t.Note("selected: %d, added by reference: %d", r.Selected, r.added)
	if !verbose {
		return
	}
	for _, item := range r.ByReference {
		t.Note("  %s/%s <- %s/%s", item.Kind, terminal.Printable(item.Name), item.From.Kind,
			terminal.Printable(item.From.Name))
	}
}
