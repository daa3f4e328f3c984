package promote

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// planner decides the action for each staged item and reports it.
type planner struct {
	kinds    *federation.Kinds
	imp      ports.Import
	strategy Strategy
	report   *Report

	names     map[federation.Ref]string   // in the target, of the bundle's items that have another
	claims    map[federation.Ref]struct{} // the refs that names gives before this import
	renamed   map[federation.Ref]bool     // the items that get a new name in this import
	conflicts conflicts
	tracked   int // the target's items that it took from the source
}

// plan compares bundle and target and decides the action for every item. The strategy
// [Rename] compares them before, because a decision needs the new names of other items.
func (p *planner) plan(ctx context.Context) error {
	names, err := p.imp.Renames(ctx)
	if err != nil {
		return err
	}
	p.names, p.claims = names, map[federation.Ref]struct{}{}
	for ref, name := range names {
		p.claims[federation.Ref{Kind: ref.Kind, Name: name}] = struct{}{}
	}
	if p.strategy == Rename {
		if err := p.chooseNames(ctx); err != nil {
			return err
		}
	}
	return p.imp.Decide(ctx, p.decide)
}

// decide reports the action for one item, and returns what the store writes and what it takes.
func (p *planner) decide(pair ports.Pair) (ports.Decision, error) {
	if pair.Base != nil && pair.Current != nil {
		p.tracked++
	}
	step, err := p.step(pair)
	if err != nil {
		return ports.Decision{}, err
	}
	if step.entry.Action == "" { // both sides have lost it
		return step.decision, nil
	}
	if step.entry.Action == ActionFail && !p.report.DryRun {
		p.conflicts.add(step.entry)
	}
	return step.decision, p.report.add(step.entry)
}

// step is what an import does with one item.
type step struct {
	entry    ReportItem
	decision ports.Decision
}

func (p *planner) step(pair ports.Pair) (step, error) {
	if pair.Missing {
		return p.deletion(pair), nil
	}
	incoming, err := p.rewrite(pair.Incoming)
	if err != nil {
		return step{}, err
	}
	s := step{entry: ReportItem{Ref: pair.Incoming.Ref}}
	if p.renamed[pair.Incoming.Ref] {
		s.entry.RenamedTo = incoming.Name
		s.entry.Conflict = conflictOf(pair, incoming)
		s.diff(pair, incoming)
		return s.write(ActionRename, incoming), nil
	}
	if incoming.Name != pair.Incoming.Name {
		s.entry.RenamedTo = incoming.Name
	}
	relation := p.relate(pair, incoming)
	switch relation {
	case added:
		return s.write(ActionCreate, incoming), nil
	case same:
		s.entry.Action, s.decision.Taken = ActionUnchanged, &incoming
		// an unmodified singleton gets version and time from the bundle
		s.decision.Write, s.decision.Item = pair.Pristine, incoming
		return s, nil
	}
	s.diff(pair, incoming)
	switch {
	case relation == theirs:
		return s.write(ActionUpdate, incoming), nil
	case relation == ours && p.strategy != Overwrite:
		s.entry.Action = ActionKeep
		return s, nil
	}
	if relation != ours {
		s.entry.Conflict = conflictOf(pair, incoming)
	}
	return p.resolve(s, relation, pair, incoming)
}

// write decides to write an item that is what the source has.
func (s step) write(action Action, incoming federation.Item) step {
	s.entry.Action = action
	s.decision = ports.Decision{Write: true, Item: incoming, Taken: &incoming}
	return s
}

// diff reports the differences of the target's item to another one.
func (s *step) diff(pair ports.Pair, to federation.Item) {
	if pair.Current != nil {
		s.entry.Changes = federation.Diff(*pair.Current, to)
	}
}

// rewrite returns item under the name that it has in the target, if that is another one. Its
// references to such items get the names of the target too.
func (p *planner) rewrite(item federation.Item) (federation.Item, error) {
	if len(p.names) == 0 {
		return item, nil
	}
	if name, ok := p.names[item.Ref]; ok {
		// Without new names for its secrets, the renamed item would use those of the
		// target's item with the old name, which is a different item.
		var err error
		if item, err = p.kinds.RenameItem(item, name); err != nil {
			return item, err
		}
	}
	return p.kinds.Rewrite(item, func(ref federation.Ref) federation.Ref {
		if name, ok := p.names[ref]; ok {
			ref.Name = name
		}
		return ref
	})
}
