package items

import (
	"context"
	"fmt"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// pairRow is a staged item joined with the target's row, whose columns are NULL if there is none.
type pairRow struct {
	stagedRow
	LocalName       *string   `bun:"b_name"` // NULL if nothing was taken
	BaseDigest      string    `bun:"b_digest"`
	TargetID        *string   `bun:"t_id"`
	TargetLabels    []byte    `bun:"t_labels"`
	TargetSpec      []byte    `bun:"t_spec"`
	TargetVersion   int64     `bun:"t_version"`
	TargetUpdatedAt time.Time `bun:"t_updated_at"`
	TargetCreatedAt time.Time `bun:"t_created_at"`
}

// pair seals the stored item, to give it a digest. It doesn't have the base yet.
func (r pairRow) pair(d *declare.Set, t *declare.Table) (ports.Pair, error) {
	incoming, err := r.item()
	pair := ports.Pair{Incoming: incoming, Missing: r.Missing, Target: incoming.Ref}
	if r.LocalName != nil {
		pair.Target.Name = *r.LocalName
	}
	if err != nil || r.TargetID == nil {
		return pair, err
	}
	current := d.Kinds.MaskSecrets(federation.Item{Ref: pair.Target, Labels: storedLabels(r.TargetLabels),
		Spec: specObject(t, r.TargetSpec), Version: r.TargetVersion,
		UpdatedAt: r.TargetUpdatedAt.UTC()}.SealUnchecked())
	stored := federation.Resource{Item: current, CreatedAt: r.TargetCreatedAt}
	pair.Current = &current
	pair.Pristine = stored.IsPristine(federation.Kind{Singleton: t.Singleton})
	return pair, nil
}

// forEachPage calls fn with the pairs of all kinds, page by page, in the order of
// [federation.Ref.Compare]. The cursor shows the items as they were when it was opened: an item
// that fn renames doesn't appear again.
func (im *importRun) forEachPage(
	ctx context.Context, fn func(*declare.Table, []ports.Pair) error,
) error {
	for _, t := range im.declared.SortedKinds() {
		query := "SELECT " + stagedColumns + ", b.local_name AS b_name, b.digest AS b_digest," +
			" c.id AS t_id, c.labels AS t_labels," +
			" c.spec AS t_spec, c.version AS t_version, c.updated_at AS t_updated_at," +
			" c.created_at AS t_created_at" +
			" FROM bailiwick.staged AS s LEFT JOIN bailiwick.bases AS b ON b.tenant_id = ?0" +
			` AND b.source = ?3 AND b.kind = ?2 AND b.name = s.name COLLATE "C"` +
			" LEFT JOIN (" + itemsql.SelectItems(im.declared, t) +
			" WHERE t." + t.Tenant() + " = ?0" + itemsql.Living(t, "t") + ") AS c" +
			" ON c.name = coalesce(b.local_name, s.name)" +
			whereKind + ` ORDER BY s.name COLLATE "C"`
		fnOfKind := func(page []pairRow) error {
			pairs, err := im.pairs(ctx, t, page)
			if err != nil {
				return err
			}
			return fn(t, pairs)
		}
		err := fetchPages(ctx, im.conn, query, fnOfKind, im.tenant, im.id, t.Kind,
			im.sourceID())
		if err != nil {
			return pgerr.Translate(err)
		}
	}
	return nil
}

// pairs returns the pairs of a page. A base that equals one of the other two contents isn't read.
func (im *importRun) pairs(
	ctx context.Context, t *declare.Table, page []pairRow,
) ([]ports.Pair, error) {
	pairs := make([]ports.Pair, len(page))
	var unread []string
	for i, row := range page {
		pair, err := row.pair(im.declared, t)
		if err != nil {
			return nil, err
		}
		base := federation.Digest(row.BaseDigest)
		switch {
		case row.LocalName == nil:
		case base == pair.Incoming.Digest:
			pair.Base = new(pair.Incoming)
		case pair.Current != nil && base == pair.Current.Digest:
			pair.Base = new(*pair.Current)
		default:
			unread = append(unread, row.BaseDigest)
		}
		pairs[i] = pair
	}
	contents, err := im.contents(ctx, unread)
	if err != nil {
		return nil, err
	}
	for i, row := range page {
		if row.LocalName != nil && pairs[i].Base == nil {
			if pairs[i].Base = contents[federation.Digest(row.BaseDigest)]; pairs[i].Base == nil {
				return nil, fmt.Errorf("postgres: the content %s is missing", row.BaseDigest)
			}
		}
	}
	return pairs, nil
}
