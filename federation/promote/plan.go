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
	writes    runs
	conflicts conflicts
}

// plan compares bundle and target and decides the action for every item.
func (p *planner) plan(ctx context.Context) error {
	if p.strategy == Rename {
		names, err := chooseNames(ctx, p.kinds, p.imp)
		if err != nil {
			return err
		}
		p.names = names
	}
	return p.imp.Compare(ctx, func(pair ports.Pair) error {
		entry, write, err := p.planItem(pair)
		if err != nil {
			return err
		}
		p.writes.add(pair.Incoming.Ref, write)
		if entry.Action == ActionFail && !p.report.DryRun {
			p.conflicts.add(entry)
		}
		return p.report.add(entry)
	})
}

// planItem returns the report entry for one item and whether it is written.
func (p *planner) planItem(pair ports.Pair) (ReportItem, bool, error) {
	incoming, err := p.rewrite(pair.Incoming)
	if err != nil {
		return ReportItem{}, false, err
	}
	entry := ReportItem{Ref: pair.Incoming.Ref}
	if pair.Current == nil {
		entry.Action = ActionCreate
		return entry, true, nil
	}
	if incoming.Digest == pair.Current.Digest {
		entry.Action = ActionUnchanged
		// An unmodified singleton gets version and time from the bundle.
		return entry, pair.Pristine, nil
	}
	entry.Changes = federation.Diff(*pair.Current, incoming)
	if pair.Pristine {
		entry.Action = ActionUpdate
		return entry, true, nil
	}
	return p.resolveConflict(entry)
}

// resolveConflict applies the strategy to a conflict.
func (p *planner) resolveConflict(entry ReportItem) (ReportItem, bool, error) {
	switch p.strategy {
	case Skip:
		entry.Action = ActionSkip
		return entry, false, nil
	case Overwrite:
		entry.Action = ActionUpdate
		return entry, true, nil
	case Rename:
		if name, ok := p.names[entry.Ref]; ok {
			entry.Action, entry.RenamedTo = ActionRename, name
			return entry, true, nil
		}
		entry.Action = ActionSkip
		entry.Error = "a tenant has exactly one item of this kind, so it can't be renamed: the" +
			" target's item was kept"
		return entry, false, nil
	}
	entry.Action = ActionFail
	return entry, false, nil
}

// decide returns the item that the store writes for a staged item, if any.
func (p *planner) decide(item federation.Item) (ports.Decision, error) {
	if !p.writes.lookup(item.Ref) {
		return ports.Decision{}, nil
	}
	out, err := p.rewrite(item)
	if err != nil {
		return ports.Decision{}, err
	}
	return ports.Decision{Write: true, Item: out}, nil
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
