package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// Compare reads the pairs of a kind with one query. It changes nothing, so that it can be
// called again.
func (im *importRun) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	return im.forEachPage(ctx, func(_ *declare.Table, page []ports.Pair) error {
		for _, pair := range page {
			if err := yield(pair); err != nil {
				return err
			}
		}
		return nil
	})
}

// Decide stores only the decisions that differ from what is staged.
func (im *importRun) Decide(
	ctx context.Context, decide func(ports.Pair) (ports.Decision, error),
) error {
	im.missing, im.renamed, im.removes = nil, false, false
	err := im.forEachPage(ctx, func(t *declare.Table, page []ports.Pair) error {
		changes, err := decidePage(page, decide)
		if err != nil {
			return err
		}
		im.renamed = im.renamed || changes.renames
		im.removes = im.removes || len(changes.removed) > 0
		if err := im.findMissingSecrets(ctx, changes.present); err != nil {
			return err
		}
		return im.storeChanges(ctx, t, changes)
	})
	if err == nil && im.renamed {
		err = im.checkNames(ctx)
	}
	im.decided = err == nil
	return err
}

// decisionChanges are the decisions that differ from what is staged, which is to write each item
// as it is, and to take it.
type decisionChanges struct {
	unwritten []string          // the names of the items that aren't written
	untaken   []string          // of the items whose bases stay
	removed   []string          // of the items that are deleted in the target too
	present   []federation.Item // what the target has after the import
	rewritten []rewrittenItem
	renames   bool
}

// rewrittenItem is a staged item that is written, or taken, with other content or under another
// name.
type rewrittenItem struct {
	staged federation.Ref
	// what is written, and what is taken if it isn't the same; nil if it is what is staged
	item, taken *federation.Item
}

func decidePage(
	page []ports.Pair, decide func(ports.Pair) (ports.Decision, error),
) (changes decisionChanges, err error) {
	for _, pair := range page {
		decision, err := decide(pair)
		if err != nil {
			return changes, err
		}
		changes.add(pair, decision)
	}
	return changes, nil
}

func (c *decisionChanges) add(pair ports.Pair, decision ports.Decision) {
	staged := pair.Incoming
	if pair.Missing {
		c.addMissing(pair, decision.Write)
		return
	}
	if pair.Current != nil && (!decision.Write || decision.Item.Ref != pair.Current.Ref) {
		c.present = append(c.present, *pair.Current)
	}
	if decision.Taken == nil {
		c.untaken = append(c.untaken, staged.Name)
	}
	written := staged
	rewritten := rewrittenItem{staged: staged.Ref}
	if decision.Write {
		c.present = append(c.present, decision.Item)
		written = decision.Item
		if written.Digest != staged.Digest || pair.Target != staged.Ref {
			rewritten.item = &written
			c.renames = c.renames || written.Ref != staged.Ref || pair.Target != staged.Ref
		}
	} else {
		c.unwritten = append(c.unwritten, staged.Name)
	}
	if decision.Taken != nil && decision.Taken.Digest != written.Digest {
		rewritten.taken = decision.Taken
	}
	if rewritten.item != nil || rewritten.taken != nil {
		c.rewritten = append(c.rewritten, rewritten)
	}
}

// addMissing adds the decision about an item that the source no longer has.
func (c *decisionChanges) addMissing(pair ports.Pair, remove bool) {
	if remove {
		c.removed = append(c.removed, pair.Incoming.Name)
		c.renames = c.renames || pair.Target != pair.Incoming.Ref
	} else if pair.Current != nil {
		c.present = append(c.present, *pair.Current)
	}
}

// whereKind selects the import's staged items of a kind: ?0 is the tenant, ?1 the import, ?2 the
// kind.
const whereKind = ` WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE "C" = ?2`

// storeChanges updates item by item what is rewritten: most imports rewrite few items or none.
func (im *importRun) storeChanges(
	ctx context.Context, t *declare.Table, changes decisionChanges,
) error {
	mark := func(set string, names []string) error {
		if len(names) == 0 {
			return nil
		}
		_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET "+set+whereKind+
			` AND s.name COLLATE "C" IN (?3)`, im.tenant, im.id, t.Kind, bun.List(names)).Exec(ctx)
		return err
	}
	if err := mark("chosen = false", changes.unwritten); err != nil {
		return err
	}
	if err := mark("taken = false", changes.untaken); err != nil {
		return err
	}
	if err := mark("removed = true", changes.removed); err != nil {
		return err
	}
	for _, r := range changes.rewritten {
		if err := im.storeRewritten(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// storeRewritten stores what is taken, and what is written, of one item.
func (im *importRun) storeRewritten(ctx context.Context, r rewrittenItem) error {
	if r.taken != nil {
		_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET taken_labels = ?4, taken_spec = ?5,"+
			" taken_digest = ?6"+whereKind+` AND s.name COLLATE "C" = ?3`, im.tenant, im.id, r.staged.Kind,
			r.staged.Name, labelsJSON(r.taken.Labels), string(r.taken.Spec), string(r.taken.Digest)).
			Exec(ctx)
		if err != nil {
			return err
		}
	}
	if r.item == nil {
		return nil
	}
	_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET new_name = ?4, labels = ?5, spec = ?6,"+
		" digest = ?7, version = ?8, updated_at = ?9"+whereKind+` AND s.name COLLATE "C" = ?3`,
		im.tenant, im.id, r.staged.Kind, r.staged.Name, r.item.Name, labelsJSON(r.item.Labels),
		string(r.item.Spec), string(r.item.Digest), r.item.Version, r.item.UpdatedAt).Exec(ctx)
	return err
}

// checkNames returns an error if two items would be written under one name, or if an item gets the
// name of another one that the source has under this name, as the target has or would have it.
func (im *importRun) checkNames(ctx context.Context) error {
	const renamed = "SELECT s.kind, s.new_name AS name FROM bailiwick.staged AS s" +
		" LEFT JOIN bailiwick.bases AS b ON" + ofBase +
		" JOIN bailiwick.staged AS o ON o.tenant_id = ?0 AND o.import = ?1 AND o.kind = s.kind" +
		" AND o.id <> s.id"
	const written = " WHERE" + ofImport + " AND s.chosen AND s.new_name IS NOT NULL"
	var collisions []federation.Ref
	err := im.conn.NewRaw(renamed+
		` AND coalesce(o.new_name, o.name) COLLATE "C" = s.new_name AND o.chosen`+written+
		" UNION ALL "+renamed+` AND o.name COLLATE "C" = s.new_name`+written+
		" AND s.new_name <> coalesce(b.local_name, s.name) AND NOT EXISTS (SELECT FROM bailiwick.bases"+
		" AS f WHERE f.tenant_id = ?0 AND f.source = ?2 AND f.kind = o.kind COLLATE \"C\""+
		" AND f.name = o.name COLLATE \"C\" AND f.local_name <> f.name) LIMIT 1",
		im.tenant, im.id, im.sourceID()).Scan(ctx, &collisions)
	if err == nil && len(collisions) > 0 {
		return federation.RenameCollision(collisions[0])
	}
	return err
}
