package adopt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// batchTime is the duration that the size of batches aims at. A writer may have to wait that
// long for a row of a batch.
const batchTime = 50 * time.Millisecond

const (
	minPages   = 1
	firstPages = 32
	maxPages   = 2048
	maxPerPage = 291 // MaxHeapTuplesPerPage, with pages of 8 KiB
)

// version14 is the first server version with a scan by a range of ctid.
const version14 = 140000

// backfillActions set tenant_id in tables that had the column before, with NULL in it. A
// trigger sets it in rows that others write meanwhile: so no row is missed that moves to a
// page already done.
func (e *Engine) backfillActions(s *state, r *relation) []action {
	var actions []action
	name := r.sql()
	if r.trigger(fillTrigger) == nil {
		actions = append(actions,
			txAction(shareRowExcl, name, "CREATE TRIGGER "+fillTrigger+
				" BEFORE INSERT OR UPDATE ON "+name+
				" FOR EACH ROW WHEN (NEW.tenant_id IS NULL) EXECUTE FUNCTION"+
				" bailiwick.adoption_fill()"))
	}
	pieces := []*relation{r}
	if r.Kind == "p" {
		pieces = s.partitions(s.now, name)
	}
	for _, piece := range pieces {
		b := &pageBatches{engine: e, table: piece, super: s.super, version: s.version}
		actions = append(actions, action{
			sql: []string{"UPDATE " + piece.sql() + " SET tenant_id = " +
				sqltext.Literal(e.spec.Tenant) + " WHERE tenant_id IS NULL -- in batches of pages"},
			lock: "ROW EXCLUSIVE", on: piece.sql(), rows: piece.Rows, work: b.run,
		})
	}
	return actions
}

// pageBatches updates a table in batches of pages.
type pageBatches struct {
	engine  *Engine
	table   *relation
	super   bool
	version int
}

// run repeats the scan until one finds no row to fill.
func (b *pageBatches) run(ctx context.Context, _ *Engine, report func(int64)) error {
	for pages := int64(firstPages); ; {
		filled, err := b.fillOnce(ctx, &pages, report)
		if err != nil || filled == 0 {
			return err
		}
	}
}

// fillOnce scans the table once and returns how many rows it filled.
func (b *pageBatches) fillOnce(
	ctx context.Context, pages *int64, report func(int64),
) (filled int64, err error) {
	var last int64
	if err := b.engine.conn.NewRaw(
		"SELECT pg_relation_size(?::regclass) / current_setting('block_size')::int", b.table.sql()).
		Scan(ctx, &last); err != nil {
		return 0, err
	}
	for page := int64(0); page < last; {
		begin := time.Now()
		n, err := b.fillPages(ctx, page, page+*pages)
		if err != nil {
			return filled, err
		}
		page += *pages
		filled += n
		report(n)
		took := time.Since(begin)
		switch {
		case took > 2*batchTime:
			*pages = max(minPages, *pages/2)
		case took < batchTime/2:
			*pages = min(maxPages, *pages*2)
		}
		if err := pause(ctx, time.Duration(float64(took)*b.engine.o.PauseFactor)); err != nil {
			return filled, err
		}
	}
	return filled, nil
}

// PagesCondition returns the condition of the rows in the pages from up to, and not including, to.
// Servers before version 14 get every possible row address of these pages as a list.
func PagesCondition(from, to int64, version int) string {
	if version >= version14 {
		return fmt.Sprintf("ctid >= '(%d,0)' AND ctid < '(%d,0)'", from, to)
	}
	return fmt.Sprintf("ctid = ANY (ARRAY(SELECT format('(%%s,%%s)', p, i)::tid"+
		" FROM generate_series(%d, %d) p, generate_series(1, %d) i))", from, to-1, maxPerPage)
}

// fillPages fills the rows of the pages from up to, and not including, to.
func (b *pageBatches) fillPages(ctx context.Context, from, to int64) (n int64, err error) {
	name, where := b.table.sql(), PagesCondition(from, to, b.version)
	update := "UPDATE " + name + " SET tenant_id = " + sqltext.Literal(b.engine.spec.Tenant) +
		" WHERE " + where + " AND tenant_id IS NULL"
	before, after := b.silenceTriggers()
	err = b.engine.withRetry(ctx, func(ctx context.Context) error {
		return b.engine.conn.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.ExecContext(ctx, b.engine.lockLimits()+before); err != nil {
				return err
			}
			result, err := tx.ExecContext(ctx, update)
			if err != nil {
				return err
			}
			if n, err = result.RowsAffected(); err != nil || after == "" {
				return err
			}
			_, err = tx.ExecContext(ctx, after)
			return err
		})
	})
	return n, err
}

// silenceTriggers keeps the host's triggers from running for a batch: they would count
// versions and set timestamps. A superuser's transaction needs no lock for it; any other
// disables them before the batch and enables them after it, in the same transaction.
func (b *pageBatches) silenceTriggers() (before, after string) {
	var off, on []string
	for _, t := range b.table.Triggers {
		if t.Updates && t.Name != fillTrigger && t.Enabled == "O" {
			off = append(off, "; ALTER TABLE "+b.table.sql()+" DISABLE TRIGGER "+
				sqltext.Quote(t.Name))
			on = append(on, "ALTER TABLE "+b.table.sql()+" ENABLE TRIGGER "+sqltext.Quote(t.Name))
		}
	}
	switch {
	case len(off) == 0:
		return "", ""
	case b.super:
		return "; SET LOCAL session_replication_role = replica", ""
	}
	return strings.Join(off, ""), strings.Join(on, "; ")
}

// pause waits for d, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
