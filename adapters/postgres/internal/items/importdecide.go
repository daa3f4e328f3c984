package items

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// Compare reads the pairs of a kind with one query. It changes nothing, so that it can be
// called again.
func (im *importRun) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	return im.forEachPage(ctx, func(t *declare.Table, page []pairRow) error {
		for _, row := range page {
			pair, err := row.pair(im.declared, t)
			if err != nil {
				return err
			}
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
	im.missing = nil
	err := im.forEachPage(ctx, func(t *declare.Table, page []pairRow) error {
		changes, err := im.decidePage(t, page, decide)
		if err != nil {
			return err
		}
		if err := im.findMissingSecrets(ctx, changes.present); err != nil {
			return err
		}
		if err := im.storeSkipped(ctx, t, changes.skipped); err != nil {
			return err
		}
		return im.storeRewritten(ctx, t, changes.rewritten)
	})
	im.decided = err == nil
	return err
}

// decisionChanges are the decisions that differ from what is staged, which is to write each item
// as it is.
type decisionChanges struct {
	skipped   []string          // the names of the items that aren't written
	present   []federation.Item // what the target has after the import
	rewritten []rewrittenItem
}

// rewrittenItem is a staged item that is written with other content or under another name.
type rewrittenItem struct {
	stagedName string
	item       federation.Item
}

func (im *importRun) decidePage(
	t *declare.Table, page []pairRow, decide func(ports.Pair) (ports.Decision, error),
) (changes decisionChanges, err error) {
	for _, row := range page {
		pair, err := row.pair(im.declared, t)
		if err != nil {
			return changes, err
		}
		decision, err := decide(pair)
		if err != nil {
			return changes, err
		}
		if pair.Current != nil && (!decision.Write || decision.Item.Ref != pair.Current.Ref) {
			changes.present = append(changes.present, *pair.Current)
		}
		if decision.Write {
			changes.present = append(changes.present, decision.Item)
		}
		switch {
		case !decision.Write:
			changes.skipped = append(changes.skipped, row.Name)
		case decision.Item.Digest != pair.Incoming.Digest:
			changes.rewritten = append(changes.rewritten, rewrittenItem{row.Name, decision.Item})
		}
	}
	return changes, nil
}

// whereKind selects the import's staged items of a kind: ?0 is the tenant, ?1 the import, ?2 the
// kind.
const whereKind = ` WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE "C" = ?2`

// storeSkipped marks the items that aren't written. All others are chosen already when they are
// staged.
func (im *importRun) storeSkipped(ctx context.Context, t *declare.Table, names []string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET chosen = false"+whereKind+
		` AND s.name COLLATE "C" IN (?3)`, im.tenant, im.id, t.Kind, bun.List(names)).Exec(ctx)
	return err
}

// storeRewritten updates item by item: most imports rewrite few items or none.
func (im *importRun) storeRewritten(
	ctx context.Context, t *declare.Table, rewritten []rewrittenItem,
) error {
	for _, r := range rewritten {
		_, err := im.conn.NewRaw(
			"UPDATE bailiwick.staged AS s SET name = ?3, labels = ?4, spec = ?5, digest = ?6"+
				whereKind+` AND s.name COLLATE "C" = ?7`,
			im.tenant, im.id, t.Kind, r.item.Name, labelsJSON(r.item.Labels), string(r.item.Spec),
			string(r.item.Digest), r.stagedName).Exec(ctx)
		if pgerr.State(err) == pgerr.StateUnique {
			return federation.RenameCollision(r.item.Ref)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pairRow is a staged item joined with the target's row, whose columns are NULL if there is none.
type pairRow struct {
	stagedRow
	TargetID        *string   `bun:"t_id"`
	TargetLabels    []byte    `bun:"t_labels"`
	TargetSpec      []byte    `bun:"t_spec"`
	TargetVersion   int64     `bun:"t_version"`
	TargetUpdatedAt time.Time `bun:"t_updated_at"`
	TargetCreatedAt time.Time `bun:"t_created_at"`
}

// pair seals the stored item, to give it a digest.
func (r pairRow) pair(d *declare.Set, t *declare.Table) (ports.Pair, error) {
	incoming, err := r.item()
	if err != nil || r.TargetID == nil {
		return ports.Pair{Incoming: incoming}, err
	}
	current := d.Kinds.MaskSecrets(federation.Item{Ref: incoming.Ref, Labels: storedLabels(r.TargetLabels),
		Spec: specObject(t, r.TargetSpec), Version: r.TargetVersion,
		UpdatedAt: r.TargetUpdatedAt.UTC()}.SealUnchecked())
	stored := federation.Resource{Item: current, CreatedAt: r.TargetCreatedAt}
	pristine := stored.IsPristine(federation.Kind{Singleton: t.Singleton})
	return ports.Pair{Incoming: incoming, Current: &current, Pristine: pristine}, nil
}

// forEachPage calls fn with the pairs of all kinds, page by page, in the order of
// [federation.Ref.Compare]. The cursor shows the items as they were when it was opened: an item
// that fn renames doesn't appear again.
func (im *importRun) forEachPage(
	ctx context.Context, fn func(*declare.Table, []pairRow) error,
) error {
	for _, t := range im.declared.SortedKinds() {
		query := "SELECT " + stagedColumns + ", c.id AS t_id, c.labels AS t_labels," +
			" c.spec AS t_spec, c.version AS t_version, c.updated_at AS t_updated_at," +
			" c.created_at AS t_created_at" +
			" FROM bailiwick.staged AS s LEFT JOIN (" + itemsql.SelectItems(im.declared, t) +
			" WHERE t." + t.Tenant() + " = ?0" + itemsql.Living(t, "t") + ") AS c ON c.name = s.name" +
			whereKind + ` ORDER BY s.name COLLATE "C"`
		fnOfKind := func(page []pairRow) error { return fn(t, page) }
		err := fetchPages(ctx, im.conn, query, fnOfKind, im.tenant, im.id, t.Kind)
		if err != nil {
			return pgerr.Translate(err)
		}
	}
	return nil
}
