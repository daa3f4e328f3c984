package audit

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Provide sets the ports Audit and PlatformAudit of s.
func Provide(s *ports.Services, p *pool.Pool) {
	s.Audit, s.PlatformAudit = &tenantLog{p}, &platformLog{p}
}

// tenantLog is [ports.Audit] on the scoped pool: the application's role can only read its
// tenant's log and call the function that appends to it.
type tenantLog struct{ pool *pool.Pool }

var _ ports.Audit = (*tenantLog)(nil)

const entryColumns = "tenant_id::text AS tenant, seq, id, at, text, hash"

// entryRow is a row of bailiwick.audit.
type entryRow struct {
	Tenant string
	Seq    int64
	ID     string
	At     time.Time
	Text   []byte
	Hash   []byte
}

// entry returns the row as an entry. Seq, ID, At and Tenant come from the columns and Text from
// the column text, even where the two contradict each other: [tenancy.AuditChain] detects that.
func (r entryRow) entry() tenancy.AuditEntry {
	var hash tenancy.AuditHash
	copy(hash[:], r.Hash)
	e, err := tenancy.ParseAuditEntry(r.Text, hash)
	if err != nil {
		e = tenancy.AuditEntry{Text: r.Text, Hash: hash}
	}
	e.Seq, e.ID, e.At, e.Tenant = r.Seq, r.ID, r.At.UTC(), tenancy.ID{}
	if id, err := tenancy.ParseID(r.Tenant); err == nil {
		e.Tenant = id
	}
	return e
}

// scanEntries runs a query for entryColumns.
func scanEntries(ctx context.Context, query *bun.SelectQuery) ([]tenancy.AuditEntry, error) {
	var rows []entryRow
	if err := query.Scan(ctx, &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, entryRow.entry), nil
}

// Append is one statement, whose implicit transaction the scoped pool binds to the tenant.
func (l *tenantLog) Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	return pgerr.Translate(Record(ctx, l.pool.App, e))
}

// List adds pending entries to the chain first, so that it doesn't miss any.
func (l *tenantLog) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	if err := Chain(ctx, l.pool); err != nil {
		return nil, err
	}
	query := selectEntries(l.pool.App, q).
		Where("tenant_id = ?", tenant).
		Order("seq DESC").Limit(int64(q.Limit))
	if q.Before != 0 {
		query = query.Where("seq < ?", q.Before)
	}
	return scanEntries(ctx, query)
}

// selectEntries selects the entries of all chains that match q, but for q.Before and q.Limit.
func selectEntries(db bun.IDB, q ports.AuditQuery) *bun.SelectQuery {
	query := db.NewSelect().TableExpr("bailiwick.audit").ColumnExpr(entryColumns)
	if q.Actor != "" {
		query = query.Where("actor = ?", q.Actor)
	}
	if q.Action != "" {
		query = query.Where("action = ?", q.Action)
	}
	if q.Outcome != "" {
		query = query.Where("text::jsonb ->> 'outcome' = ?", string(q.Outcome))
	}
	if !q.Since.IsZero() {
		query = query.Where("at >= ?", q.Since)
	}
	if !q.Until.IsZero() {
		query = query.Where("at < ?", q.Until)
	}
	return query
}

// exportPage is the number of entries that an export reads with one statement. Pages keep each
// statement short, however slowly the caller of Export takes the entries.
const exportPage = 1000

// Export adds pending entries to the chain before it takes its snapshot.
func (l *tenantLog) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	if err := Chain(ctx, l.pool); err != nil {
		return err
	}
	snapshot := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return pgerr.Translate(l.pool.App.RunInTx(ctx, snapshot,
		func(ctx context.Context, tx bun.Tx) error {
			first, last, err := readEnds(ctx, tx, tenant)
			if err != nil {
				return err
			}
			if err := begin(first, last); err != nil {
				return err
			}
			return exportPages(ctx, tx, tenant, q, yield)
		}))
}

// exportPages reads the entries in the order of the chain, keyset page by keyset page.
func exportPages(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, q ports.AuditQuery,
	yield func(tenancy.AuditEntry) error,
) error {
	var after *int64 // nil for the first page
	for {
		query := selectEntries(tx, q).
			Where("tenant_id = ?", tenant).
			Order("seq").Limit(exportPage)
		if after != nil {
			query = query.Where("seq > ?", *after)
		}
		page, err := scanEntries(ctx, query)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := yield(e); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
		after = &page[len(page)-1].Seq
	}
}

func (l *tenantLog) Ends(
	ctx context.Context, tenant tenancy.ID,
) (first, last tenancy.AuditChain, err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return first, last, err
	}
	if err := Chain(ctx, l.pool); err != nil {
		return first, last, err
	}
	first, last, err = readEnds(ctx, l.pool.App, tenant)
	return first, last, pgerr.Translate(err)
}

// readEnds returns zero ends for a tenant that has never had an entry.
func readEnds(
	ctx context.Context, db bun.IDB, tenant tenancy.ID,
) (first, last tenancy.AuditChain, err error) {
	var head struct {
		Seq, FirstSeq   int64
		Hash, FirstHash []byte
	}
	err = db.NewRaw("SELECT seq, hash, first_seq, first_hash FROM bailiwick.audit_heads"+
		" WHERE tenant_id = ?", tenant).Scan(ctx, &head)
	if errors.Is(err, sql.ErrNoRows) {
		return first, last, nil
	}
	first.Seq, last.Seq = head.FirstSeq, head.Seq
	copy(first.Hash[:], head.FirstHash)
	copy(last.Hash[:], head.Hash)
	return first, last, err
}
