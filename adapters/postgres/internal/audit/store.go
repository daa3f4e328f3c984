package audit

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// log is [ports.Audit], upon the scoped pool: the application's role reads its
// tenant's log and adds to it by a function, and that is all it can do.
type log struct{ pool *pool.Pool }

// platformLog is [ports.PlatformAudit], upon the system role's pool.
type platformLog struct{ pool *pool.Pool }

var (
	_ ports.Audit         = (*log)(nil)
	_ ports.PlatformAudit = (*platformLog)(nil)
)

const auditColumns = "tenant_id::text AS tenant, seq, id, at, text, hash"

// auditRow is a row of bailiwick.audit.
type auditRow struct {
	Tenant string
	Seq    int64
	ID     string
	At     time.Time
	Text   []byte
	Hash   []byte
}

// entry is the row as an entry. What the columns say of it stands beside its text,
// also where they don't agree: the chain tells.
func (r auditRow) entry() tenancy.AuditEntry {
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

func (s *log) Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	return pgerr.Translate(Record(ctx, s.pool.App, e))
}

// Chain puts the entries that wait into the chain of the tenant in ctx.
func Chain(ctx context.Context, p *pool.Pool) error {
	_, err := p.App.NewRaw("SELECT bailiwick.chain_audit()").Exec(ctx)
	return pgerr.Translate(err)
}

func (s *log) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := pool.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	if err := Chain(ctx, s.pool); err != nil {
		return nil, err
	}
	query := s.pool.App.NewSelect().TableExpr("bailiwick.audit").ColumnExpr(auditColumns).
		Where("tenant_id = ?", tenant).
		Order("seq DESC").Limit(int64(q.Limit))
	if q.Before != 0 {
		query = query.Where("seq < ?", q.Before)
	}
	var rows []auditRow
	if err := filtered(query, q).Scan(ctx, &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, auditRow.entry), nil
}

func filtered(query *bun.SelectQuery, q ports.AuditQuery) *bun.SelectQuery {
	if q.Actor != "" {
		query = query.Where("actor = ?", q.Actor)
	}
	if q.Action != "" {
		query = query.Where("action = ?", q.Action)
	}
	if !q.Since.IsZero() {
		query = query.Where("at >= ?", q.Since)
	}
	if !q.Until.IsZero() {
		query = query.Where("at < ?", q.Until)
	}
	return query
}

// exportPage is how many entries of the log an export reads at once: none of its
// statements lasts as long as its reader.
const exportPage = 1000

func (s *log) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	if err := Chain(ctx, s.pool); err != nil {
		return err
	}
	snapshot := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return pgerr.Translate(s.pool.App.RunInTx(ctx, snapshot,
		func(ctx context.Context, tx bun.Tx) error {
			first, last, err := ends(ctx, tx, tenant)
			if err != nil {
				return err
			}
			if err := begin(first, last); err != nil {
				return err
			}
			return exportPages(ctx, tx, tenant, q, yield)
		}))
}

func exportPages(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, q ports.AuditQuery,
	yield func(tenancy.AuditEntry) error,
) error {
	var after *int64
	for {
		query := tx.NewSelect().TableExpr("bailiwick.audit").ColumnExpr(auditColumns).
			Where("tenant_id = ?", tenant).
			Order("seq").Limit(exportPage)
		if after != nil {
			query = query.Where("seq > ?", *after)
		}
		var rows []auditRow
		if err := filtered(query, q).Scan(ctx, &rows); err != nil {
			return err
		}
		for _, e := range pool.MapRows(rows, auditRow.entry) {
			if err := yield(e); err != nil {
				return err
			}
		}
		if len(rows) < exportPage {
			return nil
		}
		after = &rows[len(rows)-1].Seq
	}
}

func (s *log) Ends(
	ctx context.Context, tenant tenancy.ID,
) (first, last tenancy.AuditChain, err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return first, last, err
	}
	if err := Chain(ctx, s.pool); err != nil {
		return first, last, err
	}
	first, last, err = ends(ctx, s.pool.App, tenant)
	return first, last, pgerr.Translate(err)
}

func ends(
	ctx context.Context, db bun.IDB, tenant tenancy.ID,
) (first, last tenancy.AuditChain, err error) {
	var head struct {
		Seq, FirstSeq   int64
		Hash, FirstHash []byte
	}
	err = db.NewRaw("SELECT seq, hash, first_seq, first_hash FROM bailiwick.audit_heads"+
		" WHERE tenant_id = ?", tenant).Scan(ctx, &head)
	if errors.Is(err, sql.ErrNoRows) {
		return first, last, nil // nothing was ever logged
	}
	first.Seq, last.Seq = head.FirstSeq, head.Seq
	copy(first.Hash[:], head.FirstHash)
	copy(last.Hash[:], head.Hash)
	return first, last, err
}

func (s *platformLog) Append(ctx context.Context, e tenancy.Event) error {
	return pgerr.Translate(RecordPlatform(pool.CrossTenant(ctx, "log what belongs to no tenant"),
		s.pool.System,
		e))
}

// chain puts the entries that wait into each chain.
func (s *platformLog) chain(ctx context.Context) error {
	var behind sql.NullString
	for {
		err := s.pool.System.NewRaw("SELECT bailiwick.chain_next_audit(?)::text", behind).
			Scan(ctx, &behind)
		if err != nil || !behind.Valid {
			return pgerr.Translate(err)
		}
	}
}

func (s *platformLog) List(
	ctx context.Context, q ports.PlatformAuditQuery,
) ([]tenancy.AuditEntry, error) {
	if err := pool.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	ctx = pool.CrossTenant(ctx, "read the audit log of all tenants")
	if err := s.chain(ctx); err != nil {
		return nil, err
	}
	query := s.pool.System.NewSelect().TableExpr("bailiwick.audit").ColumnExpr(auditColumns).
		Order("at DESC", "id DESC").Limit(int64(q.Limit))
	if q.Before.ID != "" {
		id, err := uuid.Parse(q.Before.ID)
		if err != nil {
			return nil, tenancy.Errorf(tenancy.CodeInvalidCursor,
				"a page of the audit log begins behind an entry's id")
		}
		query = query.Where("(at, id) < (?, ?::uuid)", q.Before.At, id.String())
	}
	var rows []auditRow
	selected := ports.AuditQuery{Actor: q.Actor, Action: q.Action, Since: q.Since, Until: q.Until}
	if err := filtered(query, selected).Scan(ctx, &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, auditRow.entry), nil
}

// Provide sets the ports of the audit log.
func Provide(s *ports.Services, p *pool.Pool) {
	s.Audit, s.PlatformAudit = &log{p}, &platformLog{p}
}
