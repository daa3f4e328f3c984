package promote

import (
	"errors"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/merge"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	onlyItem = "a tenant has exactly one item of this kind"
	taken    = "another item of the source has this name here: import it with the strategy rename"
)

// resolve applies the strategy to a conflict. Under [Overwrite] it also gets what only the target
// changed.
func (p *planner) resolve(
	s step, relation relation, pair ports.Pair, incoming federation.Item,
) (step, error) {
	switch {
	case p.strategy == Skip:
		s.entry.Action = ActionSkip
		return s, nil
	case relation == claimed:
		s.entry.Action, s.entry.Error = ActionFail, taken
		return s, nil
	case p.strategy == Overwrite, p.strategy == Rename && pair.Current == nil:
		if pair.Current == nil {
			return s.write(ActionCreate, incoming), nil
		}
		return s.write(ActionUpdate, incoming), nil
	case p.strategy == Rename:
		s.entry.Action = ActionSkip
		s.entry.Error = onlyItem + ", so it can't be renamed: the target's item was kept"
		return s, nil
	case p.strategy == Merge && pair.Current != nil:
		return p.merge(s, pair, incoming)
	}
	s.entry.Action = ActionFail
	return s, nil
}

// merge joins what the two sides changed. What comes out must be an item that the kind allows. It
// is a new content, so it has neither the version nor the time of the source.
func (p *planner) merge(s step, pair ports.Pair, incoming federation.Item) (step, error) {
	kind, _ := p.kinds.Kind(incoming.Kind)
	joined, conflicts, err := merge.Join(kind,
		merge.Sides{Base: pair.Base, Ours: *pair.Current, Theirs: incoming})
	if err != nil {
		return s, err
	}
	for _, c := range conflicts {
		s.entry.Conflict.Paths = append(s.entry.Conflict.Paths, c.Path)
	}
	if len(conflicts) > 0 {
		s.entry.Action = ActionFail
		return s, nil
	}
	checked, err := p.kinds.Check(joined)
	if fault, ok := errors.AsType[*tenancy.Error](err); ok {
		s.entry.Action = ActionFail
		s.entry.Error = "what both sides changed doesn't fit together: " + fault.Message
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.diff(pair, checked)
	s.entry.Action = ActionMerge
	s.decision = ports.Decision{Write: checked.Digest != pair.Current.Digest, Item: checked,
		Taken: &incoming}
	return s, nil
}
