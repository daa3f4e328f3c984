package promote

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// planner decides the action for each staged item and reports it.
type planner struct {
	kinds     *federation.Kinds
	imp       ports.Import
	strategy  Strategy
	report    *Report
	names     map[federation.Ref]string // new names by the refs of the bundle
	conflicts conflicts
}

// plan compares bundle and target and decides the action for every item. The strategy
// [Rename] compares them before, because a decision needs the new names of other items.
func (p *planner) plan(ctx context.Context) error {
	if p.strategy == Rename {
		names, err := chooseNames(ctx, p.kinds, p.imp)
		if err != nil {
			return err
		}
		p.names = names
	}
	return p.imp.Decide(ctx, p.decide)
}

// decide reports the action for one item, and returns the item that the store writes, if
// any.
func (p *planner) decide(pair ports.Pair) (ports.Decision, error) {
	incoming, err := p.rewrite(pair.Incoming)
	if err != nil {
		return ports.Decision{}, err
	}
	entry, write := p.planItem(pair, incoming)
	if entry.Action == ActionFail && !p.report.DryRun {
		p.conflicts.add(entry)
	}
	if err := p.report.add(entry); err != nil || !write {
		return ports.Decision{}, err
	}
	return ports.Decision{Write: true, Item: incoming}, nil
}

// planItem returns the report entry for one item, whose rewritten form is incoming, and
// whether it is written.
func (p *planner) planItem(pair ports.Pair, incoming federation.Item) (ReportItem, bool) {
	entry := ReportItem{Ref: pair.Incoming.Ref}
	if pair.Current == nil {
		entry.Action = ActionCreate
		return entry, true
	}
	if incoming.Digest == pair.Current.Digest {
		entry.Action = ActionUnchanged
		// An unmodified singleton gets version and time from the bundle.
		return entry, pair.Pristine
	}
	entry.Changes = federation.Diff(*pair.Current, incoming)
	if pair.Pristine {
		entry.Action = ActionUpdate
		return entry, true
	}
	return p.resolveConflict(entry)
}

// resolveConflict applies the strategy to a conflict.
func (p *planner) resolveConflict(entry ReportItem) (ReportItem, bool) {
	switch p.strategy {
	case Skip:
		entry.Action = ActionSkip
		return entry, false
	case Overwrite:
		entry.Action = ActionUpdate
		return entry, true
	case Rename:
		if name, ok := p.names[entry.Ref]; ok {
			entry.Action, entry.RenamedTo = ActionRename, name
			return entry, true
		}
		entry.Action = ActionSkip
		entry.Error = "a tenant has exactly one item of this kind, so it can't be renamed: the" +
			" target's item was kept"
		return entry, false
	}
	entry.Action = ActionFail
	return entry, false
}

// rewrite returns item under its new name, if it has one. Its references to
// renamed items of the bundle get the new names too.
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
