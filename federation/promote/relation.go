package promote

import (
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// relation says which of the two sides changed an item since the target took it.
type relation int

const (
	added       relation = iota // the target doesn't have the item and never took it
	same                        // both sides have the same content
	theirs                      // only the source changed it, or it is a pristine default
	ours                        // only the target changed it
	conflicting                 // both changed it, or the target never took it
	claimed                     // another item of the source has this name in the target
)

// relate compares the three contents. incoming is the source's item under the name, and with the
// references, that it has in the target. An item that a side doesn't have is a content too.
func (p *planner) relate(pair ports.Pair, incoming federation.Item) relation {
	current, base := digestOf(pair.Current), digestOf(pair.Base)
	source := incoming.Digest
	if pair.Missing {
		source = ""
	}
	switch {
	case pair.Base == nil && p.isClaimed(pair):
		return claimed
	case pair.Base == nil && pair.Current == nil:
		return added
	case source == current:
		return same
	case pair.Pristine:
		return theirs
	case pair.Base == nil:
		return conflicting
	case source == base:
		return ours
	case current == base:
		return theirs
	}
	return conflicting
}

// isClaimed reports whether another item of the source has the name of an item that was never taken.
func (p *planner) isClaimed(pair ports.Pair) bool {
	_, other := p.claims[pair.Target]
	return other
}

// digestOf returns the digest of an item, "" of none.
func digestOf(item *federation.Item) federation.Digest {
	if item == nil {
		return ""
	}
	return item.Digest
}

// conflictOf returns the three contents.
func conflictOf(pair ports.Pair, incoming federation.Item) *Conflict {
	c := &Conflict{Base: contentOf(pair.Base), Ours: contentOf(pair.Current)}
	if !pair.Missing {
		c.Theirs = contentOf(&incoming)
	}
	return c
}

func contentOf(item *federation.Item) *Content {
	if item == nil {
		return nil
	}
	return &Content{Labels: item.Labels, Spec: item.Spec}
}
