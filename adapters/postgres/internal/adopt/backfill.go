package adopt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// A batch is made smaller or larger until it takes about as long as this: for so
// long a writer may have to wait for a row that is in it.
const batchTime = 50 * time.Millisecond

const (
	minPages   = 1
	firstPages = 32
	maxPages   = 2048
	maxPerPage = 291 // MaxHeapTuplesPerPage, with pages of 8 KiB
)

// since14 is the first server that reads a range of row addresses by itself.
const since14 = 140000

// backfill gives the tenant to rows of a table that had the column before, and
// NULL in it. A trigger fills what is written meanwhile, so that no row that
// moves to a page that was done already is missed.
func (e *Engine) backfill(s *state, r *relation) []action {
	var actions []action
	name := r.sql()
	if r.trigger(filler) == nil {
		actions = append(actions,
			brief(shareRowExcl, name, "CREATE TRIGGER "+filler+" BEFORE INSERT OR UPDATE ON "+name+
				" FOR EACH ROW WHEN (NEW.tenant_id IS NULL) EXECUTE FUNCTION"+
				" bailiwick.adoption_fill()"))
	}
	pieces := []*relation{r}
	if r.Kind == "p" {
		pieces = s.partitions(s.now, name)
	}
	for _, piece := range pieces {
		b := &batches{engine: e, table: piece, super: s.super, byRange: s.version >= since14}
		actions = append(actions, action{
			sql: []string{"UPDATE " + piece.sql() + " SET tenant_id = " + literal(e.spec.Tenant) +
				" WHERE tenant_id IS NULL -- in batches of pages"},
			lock: "ROW EXCLUSIVE", on: piece.sql(), rows: piece.Rows, work: b.run,
		})
	}
	return actions
}

// batches walk through a table's pages.
type batches struct {
	engine  *Engine
	table   *relation
	super   bool
	byRange bool
}

func (b *batches) run(ctx context.Context, _ *Engine, tell func(int64)) error {
	for pages := int64(firstPages); ; {
		filled, err := b.pass(ctx, &pages, tell)
		if err != nil || filled == 0 {
			return err
		}
	}
}

// pass goes through the table once and answers how many rows it filled.
func (b *batches) pass(
	ctx context.Context, pages *int64, tell func(int64),
) (filled int64, err error) {
	var last int64
	if err := b.engine.conn.NewRaw(
		"SELECT pg_relation_size(?::regclass) / current_setting('block_size')::int", b.table.sql()).
		Scan(ctx, &last); err != nil {
		return 0, err
	}
	for page := int64(0); page < last; {
		begin := time.Now()
		n, err := b.batch(ctx, page, page+*pages)
		if err != nil {
			return filled, err
		}
		page += *pages
		filled += n
		tell(n)
		took := time.Since(begin)
		switch {
		case took > 2*batchTime:
			*pages = max(minPages, *pages/2)
		case took < batchTime/2:
			*pages = min(maxPages, *pages*2)
		}
		if err := pause(ctx, time.Duration(float64(took)*b.engine.o.Rest)); err != nil {
			return filled, err
		}
	}
	return filled, nil
}

func (b *batches) batch(ctx context.Context, from, to int64) (n int64, err error) {
	name := b.table.sql()
	where := fmt.Sprintf("ctid >= '(%d,0)' AND ctid < '(%d,0)'", from, to)
	if !b.byRange {
		where = fmt.Sprintf("ctid = ANY (ARRAY(SELECT format('(%%s,%%s)', p, i)::tid"+
			" FROM generate_series(%d, %d) p, generate_series(1, %d) i))", from, to-1, maxPerPage)
	}
	statements := []string{"UPDATE " + name + " SET tenant_id = " + literal(b.engine.spec.Tenant) +
		" WHERE " + where + " AND tenant_id IS NULL"}
	before, behind := b.quiet()
	err = b.engine.patiently(ctx, func(ctx context.Context) error {
		return b.engine.conn.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.ExecContext(ctx, b.engine.limits()+before); err != nil {
				return err
			}
			result, err := tx.ExecContext(ctx, statements[0])
			if err != nil {
				return err
			}
			if n, err = result.RowsAffected(); err != nil || behind == "" {
				return err
			}
			_, err = tx.ExecContext(ctx, behind)
			return err
		})
	})
	return n, err
}

// quiet keeps the host's triggers from taking a batch for a change of the rows:
// they would count versions and set times. A superuser's transaction needs no
// lock for it; any other switches them off and on within the batch.
func (b *batches) quiet() (before, behind string) {
	var off, on []string
	for _, t := range b.table.Triggers {
		if t.Updates && t.Name != filler && t.Enabled == "O" {
			off = append(off, "; ALTER TABLE "+b.table.sql()+" DISABLE TRIGGER "+quote(t.Name))
			on = append(on, "ALTER TABLE "+b.table.sql()+" ENABLE TRIGGER "+quote(t.Name))
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

// pause waits, unless the context ends.
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
