package promote

import (
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// deletion decides about an item that the source no longer has. If the target doesn't have it
// either, it is forgotten, and there is nothing to report.
func (p *planner) deletion(pair ports.Pair) step {
	s := step{entry: ReportItem{Ref: pair.Incoming.Ref}}
	if pair.Target.Name != pair.Incoming.Name {
		s.entry.RenamedTo = pair.Target.Name
	}
	relation := p.relate(pair, federation.Item{})
	if relation == same {
		s.decision.Write = true
		return s
	}
	if relation != theirs {
		s.entry.Conflict = conflictOf(pair, federation.Item{})
	}
	kind, _ := p.kinds.Kind(pair.Incoming.Kind)
	switch {
	case kind.Singleton != "":
		s.entry.Action, s.entry.Error = ActionSkip, onlyItem+", so it can't be deleted"
	case relation == theirs, p.strategy == Overwrite:
		s.entry.Action, s.decision.Write = ActionDelete, true
	case p.strategy == Skip, p.strategy == Rename:
		s.entry.Action = ActionSkip
	default:
		s.entry.Action = ActionFail
	}
	return s
}

// checkDeletions asks for a confirmation if more than a fifth of the items from the source would be
// deleted: a source that was emptied by mistake, or a bundle of another selection, looks like that.
func (p *planner) checkDeletions(confirmed bool) error {
	deleted := p.report.Counts.Delete
	if confirmed || deleted*5 <= p.tracked {
		return nil
	}
	e := tenancy.Errorf(tenancy.CodeConfirmationRequired, "the import would delete %d of the %d items"+
		" that came from this source: nothing was written; confirm it if that is meant, or import"+
		" without prune", deleted, p.tracked)
	e.Members = map[string]any{"delete": deleted, "of": p.tracked}
	return e
}
