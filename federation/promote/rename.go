package promote

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// chooseNames finds the items that [Rename] renames and chooses a free name for
// each.
//
// An item is renamed if it conflicts. An item that the target has with the same
// content is renamed if it refers to a renamed item, because its content changes
// with the names in it; this applies transitively. An item that the target doesn't
// have is created under its own name, with its references rewritten. Singletons
// keep their names.
func chooseNames(
	ctx context.Context, kinds *federation.Kinds, imp ports.Import,
) (map[federation.Ref]string, error) {
	set := renameSet{kinds: kinds, renamed: map[refKey]struct{}{}}
	if err := imp.Compare(ctx, set.add); err != nil {
		return nil, err
	}
	if len(set.renamed) == 0 {
		return nil, nil
	}
	set.addDependents()

	var refs []federation.Ref
	err := imp.Compare(ctx, func(pair ports.Pair) error {
		if _, ok := set.renamed[keyOf(pair.Incoming.Ref)]; ok {
			refs = append(refs, pair.Incoming.Ref)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Query names only after Compare has ended: it may occupy the store's connection.
	names := make(map[federation.Ref]string, len(refs))
	namer := namer{imp: imp, next: map[nameSeries]int{}}
	for _, ref := range refs {
		if names[ref], err = namer.freeName(ctx, ref); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// refKey identifies a ref by half of its SHA-256, so that [renameSet] needs little
// memory for an item, whatever the length of its name.
type refKey [sha256.Size / 2]byte

func keyOf(ref federation.Ref) refKey {
	sum := sha256.Sum256([]byte(ref.Kind + "\x00" + ref.Name))
	return refKey(sum[:len(refKey{})])
}

// renameSet computes the set of renamed items. It keeps 32 bytes for each reference
// of an item that the target has with the same content, and follows each reference
// once, however long the chains are.
type renameSet struct {
	kinds   *federation.Kinds
	renamed map[refKey]struct{}
	edges   []edge
}

// edge is a reference of the item from to the item to.
type edge struct{ to, from refKey }

// add adds an item that conflicts, or the references of an unchanged item.
func (s *renameSet) add(pair ports.Pair) error {
	kind, _ := s.kinds.Kind(pair.Incoming.Kind)
	if pair.Current == nil || kind.Singleton != "" {
		return nil
	}
	from := keyOf(pair.Incoming.Ref)
	if pair.Current.Digest != pair.Incoming.Digest {
		s.renamed[from] = struct{}{}
		return nil
	}
	targets, err := s.kinds.Targets(pair.Incoming)
	if err != nil {
		return err
	}
	for _, t := range targets {
		s.edges = append(s.edges, edge{to: keyOf(t.Ref), from: from})
	}
	return nil
}

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
