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
	return pgerr.Translate(Record(pool.ByLibrary(ctx), l.pool.App, e))
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
	query := selectEntries(l.pool.App, q.AuditFilter).
		Where("tenant_id = ?", tenant).
		Order("seq DESC").Limit(int64(q.Limit))
	if q.Before != 0 {
		query = query.Where("seq < ?", q.Before)
	}
	return scanEntries(ctx, query)
}

// selectEntries selects the entries of all chains that match f.
func selectEntries(db bun.IDB, f ports.AuditFilter) *bun.SelectQuery {
	query := db.NewSelect().TableExpr("bailiwick.audit").ColumnExpr(entryColumns)
	if f.Actor != "" {
		query = query.Where("actor = ?", f.Actor)
	}
	if f.Action != "" {
		query = query.Where("action = ?", f.Action)
	}
	if f.Outcome != "" {
		query = query.Where("text::jsonb ->> 'outcome' = ?", string(f.Outcome))
	}
	query = ofTarget(query, f)
	if !f.Since.IsZero() {
		query = query.Where("at >= ?", f.Since)
	}
	if !f.Until.IsZero() {
		query = query.Where("at < ?", f.Until)
	}
	return query
}

// ofTarget adds the conditions of f on the target. An index finds the entries of one target by
// the hash of its kind and name.
func ofTarget(query *bun.SelectQuery, f ports.AuditFilter) *bun.SelectQuery {
	if f.TargetKind != "" {
		query = query.Where("text::jsonb #>> '{target,kind}' = ?", f.TargetKind)
	}
	if f.TargetName != "" {
		query = query.Where("text::jsonb #>> '{target,name}' = ?", f.TargetName)
	}
	if f.TargetKind != "" && f.TargetName != "" {
		query = query.Where("target_key = hashtextextended(?, 0)", f.TargetKind+"/"+f.TargetName)
	}
	return query
}

// exportPage is the number of entries that an export reads with one statement and has in memory.
const exportPage = 200

var errRemoved = tenancy.Errorf(tenancy.CodeUnavailable,
	"entries of the audit log were removed during the export: try again")

// Export holds no connection while begin or yield runs: a client's pace may decide how long they
// take. It needs no transaction for its snapshot, because entries never change: the snapshot is
// the entries up to the last one. Pending entries are added to the chain before.
func (l *tenantLog) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	first, last, err := l.Ends(ctx, tenant)
	if err != nil {
		return err
	}
	if err := begin(first, last); err != nil {
		return err
	}
	if err := l.exportPages(ctx, tenant, q, first.Seq, last.Seq, yield); err != nil {
		return err
	}
	// retention, or a purge of the tenant, may have removed entries that no page has shown
	now, _, err := readEnds(ctx, l.pool.App, tenant)
	if err == nil && now != first {
		err = errRemoved
	}
	return pgerr.Translate(err)
}

// exportPages reads the entries after one number up to another in the order of the chain, keyset
// page by keyset page.
func (l *tenantLog) exportPages(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery, after, last int64,
	yield func(tenancy.AuditEntry) error,
) error {
	for after < last {
		page, err := l.exportPage(ctx, tenant, q, after, last)
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
		after = page[len(page)-1].Seq
	}
	return nil
}

// exportPage reads one page, in the tenant's turn: many exports of one tenant leave the other
// tenants' statements their connections.
func (l *tenantLog) exportPage(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery, after, last int64,
) ([]tenancy.AuditEntry, error) {
	leave, err := l.pool.Exports.Enter(ctx, tenant)
	if err != nil {
		return nil, err
	}
	defer leave()
	return scanEntries(ctx, selectEntries(l.pool.App, q.AuditFilter).
		Where("tenant_id = ?", tenant).
		Where("seq > ? AND seq <= ?", after, last).
		Order("seq").Limit(exportPage))
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
