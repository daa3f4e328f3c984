package promote

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// chooseNames finds the items that [Rename] renames and chooses a free name for each.
//
// An item is renamed if it conflicts and the target has it. An item that the target has without
// having taken it, or that the target changed, is renamed if it refers to a renamed item: its
// content changes with the names in it. This applies transitively. One that the target took and
// didn't change keeps its name, and its references follow; so does one that the target doesn't have.
// Singletons keep their names.
func (p *planner) chooseNames(ctx context.Context) error {
	set := renameSet{renamed: map[refKey]struct{}{}}
	err := p.imp.Compare(ctx, func(pair ports.Pair) error { return p.addTo(&set, pair) })
	if err != nil || len(set.renamed) == 0 {
		return err
	}
	set.addDependents()

	var refs []federation.Ref
	err = p.imp.Compare(ctx, func(pair ports.Pair) error {
		if _, ok := set.renamed[keyOf(pair.Incoming.Ref)]; ok && !pair.Missing {
			refs = append(refs, pair.Incoming.Ref)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Query names only after Compare has ended: it may occupy the store's connection.
	p.renamed = make(map[federation.Ref]bool, len(refs))
	namer := namer{imp: p.imp, next: map[nameSeries]int{}}
	for _, ref := range refs {
		if p.names[ref], err = namer.freeName(ctx, ref); err != nil {
			return err
		}
		p.renamed[ref] = true
	}
	return nil
}

// addTo adds an item that conflicts, or the references of one that conflicts if they change.
func (p *planner) addTo(set *renameSet, pair ports.Pair) error {
	kind, _ := p.kinds.Kind(pair.Incoming.Kind)
	if pair.Missing || kind.Singleton != "" {
		return nil
	}
	incoming, err := p.rewrite(pair.Incoming)
	if err != nil {
		return err
	}
	relation := p.relate(pair, incoming)
	from := keyOf(pair.Incoming.Ref)
	if relation == claimed || relation == conflicting && pair.Current != nil {
		set.renamed[from] = struct{}{}
		return nil
	}
	if pair.Current == nil || pair.Base != nil && pair.Base.Digest == pair.Current.Digest {
		return nil
	}
	targets, err := p.kinds.Targets(pair.Incoming)
	if err != nil {
		return err
	}
	for _, t := range targets {
		set.edges = append(set.edges, edge{to: keyOf(t.Ref), from: from})
	}
	return nil
}

// refKey identifies a ref by half of its SHA-256, so that [renameSet] needs little
// memory for an item, whatever the length of its name.
type refKey [sha256.Size / 2]byte

func keyOf(ref federation.Ref) refKey {
	sum := sha256.Sum256([]byte(ref.Kind + "\x00" + ref.Name))
	return refKey(sum[:len(refKey{})])
}

// renameSet computes the set of renamed items. It keeps 32 bytes for each reference
// of an item that would conflict with other references, and follows each reference
// once, however long the chains are.
type renameSet struct {
	renamed map[refKey]struct{}
	edges   []edge
}

// edge is a reference of the item from to the item to.
type edge struct{ to, from refKey }

// addDependents adds every item that refers to a renamed item, directly or
// through other items.
func (s *renameSet) addDependents() {
	byTarget := func(e edge, to refKey) int { return slices.Compare(e.to[:], to[:]) }
	slices.SortFunc(s.edges, func(a, b edge) int { return byTarget(a, b.to) })
	open := make([]refKey, 0, len(s.renamed))
	for key := range s.renamed {
		open = append(open, key)
	}
	for len(open) > 0 {
		to := open[len(open)-1]
		open = open[:len(open)-1]
		i, _ := slices.BinarySearchFunc(s.edges, to, byTarget)
		for ; i < len(s.edges) && s.edges[i].to == to; i++ {
			from := s.edges[i].from
			if _, known := s.renamed[from]; !known {
				s.renamed[from] = struct{}{}
				open = append(open, from)
			}
		}
	}
}
