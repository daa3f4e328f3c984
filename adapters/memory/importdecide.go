package memory

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// decisions are what Decide keeps for Apply.
type decisions struct {
	items     []federation.Item // that are written
	written   map[federation.Ref]bool
	deleted   []federation.Ref
	kept      []federation.Item // the target's items that stay as they are
	taken     takenItems
	forgotten []federation.Ref // what is no longer taken, by the refs that the source has
}

func (im *importRun) Decide(
	ctx context.Context, decide func(ports.Pair) (ports.Decision, error),
) error {
	d := decisions{taken: takenItems{}, written: map[federation.Ref]bool{}}
	err := im.Compare(ctx, func(pair ports.Pair) error {
		decision, err := decide(pair)
		if err != nil {
			return err
		}
		return d.add(im, pair, decision)
	})
	if err != nil {
		return err
	}
	im.decisions = d
	return nil
}

// add keeps a decision.
func (d *decisions) add(im *importRun, pair ports.Pair, decision ports.Decision) error {
	if pair.Missing {
		if decision.Write {
			d.forgotten = append(d.forgotten, pair.Incoming.Ref)
		}
		switch {
		case pair.Current == nil:
		case decision.Write:
			d.deleted = append(d.deleted, pair.Target)
		default:
			d.kept = append(d.kept, *pair.Current)
		}
		return nil
	}
	ref := decision.Item.Ref
	if pair.Current != nil && (!decision.Write || ref != pair.Current.Ref) {
		d.kept = append(d.kept, *pair.Current)
	}
	if decision.Taken != nil {
		name := pair.Target.Name
		if decision.Write {
			name = ref.Name
		}
		d.taken[pair.Incoming.Ref] = takenItem{copyItem(*decision.Taken), name}
	}
	if !decision.Write {
		return nil
	}
	if d.written[ref] || ref != pair.Target && im.hasUnderItsName(ref) {
		return federation.RenameCollision(ref)
	}
	d.written[ref] = true
	d.items = append(d.items, copyItem(decision.Item))
	return nil
}

// hasUnderItsName reports whether a staged item has this ref in the source and in the tenant.
func (im *importRun) hasUnderItsName(ref federation.Ref) bool {
	_, staged := im.staged[ref]
	t, taken := im.remembered[ref]
	return staged && (!taken || t.name == ref.Name)
}
