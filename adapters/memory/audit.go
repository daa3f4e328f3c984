package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// record appends an entry to a tenant's audit log, or with the zero ID to the
// platform's. Call it under the lock of the write and before the write: if record
// fails, the write must not happen.
func (s *Store) record(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	entry, err := e.Entry(ctx)
	if err != nil {
		return err
	}
	entry.ID, entry.Tenant = s.newID(), tenant
	return s.log.append(entry, s.time)
}

// audit is [ports.Audit].
type audit struct{ s *Store }

// platformAudit is [ports.PlatformAudit].
type platformAudit struct{ s *Store }

var (
	_ ports.Audit         = audit{}
	_ ports.PlatformAudit = platformAudit{}
)

func (p audit) Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	if _, err := p.s.data(tenant); err != nil {
		return err
	}
	return p.s.record(ctx, tenant, e)
}

func (p audit) List(
	_ context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if _, err := p.s.data(tenant); err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	var found []tenancy.AuditEntry
	for _, e := range slices.Backward(p.s.log.chain(tenant)) {
		if matchesEntry(q.AuditFilter, e) && (q.Before == 0 || e.Seq < q.Before) {
			found = append(found, copyEntry(e))
		}
	}
	return firstN(found, q.Limit), nil
}

func (p audit) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	if _, err := p.s.data(tenant); err != nil {
		return err
	}
	chain := p.s.log.chain(tenant) // the snapshot
	if err := begin(tenancy.AuditChain{}, chainEnd(chain)); err != nil {
		return err
	}
	for _, e := range chain {
		if err := checkContext(ctx); err != nil {
			return err
		}
		if !matchesEntry(q.AuditFilter, e) {
			continue
		}
		if err := yield(copyEntry(e)); err != nil {
			return err
		}
	}
	return nil
}

func (p audit) Ends(
	_ context.Context, tenant tenancy.ID,
) (first, last tenancy.AuditChain, err error) {
	if _, err := p.s.data(tenant); err != nil {
		return first, last, err
	}
	return first, chainEnd(p.s.log.chain(tenant)), nil
}

func (p platformAudit) Append(ctx context.Context, e tenancy.Event) error {
	return p.s.record(ctx, tenancy.ID{}, e)
}

func (p platformAudit) List(
	_ context.Context, q ports.PlatformAuditQuery,
) ([]tenancy.AuditEntry, error) {
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	var found []tenancy.AuditEntry
	for _, e := range p.s.log.all() {
		if matchesEntry(q.AuditFilter, e) &&
			(q.Before.ID == "" || compareEntries(e,
				tenancy.AuditEntry{At: q.Before.At, ID: q.Before.ID}) < 0) {
			found = append(found, copyEntry(e))
		}
	}
	slices.SortFunc(found, func(a, b tenancy.AuditEntry) int { return compareEntries(b, a) })
	return firstN(found, q.Limit), nil
}

// compareEntries orders the entries of all chains: by time, then by id, because entries
// of two chains may have the same time.
func compareEntries(a, b tenancy.AuditEntry) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
}

// matchesEntry reports whether f selects e.
func matchesEntry(f ports.AuditFilter, e tenancy.AuditEntry) bool {
	return (f.Actor == "" || e.Actor.ID == f.Actor) &&
		(f.Action == "" || e.Action == f.Action) &&
		(f.Outcome == "" || e.Outcome == f.Outcome) &&
		(f.TargetKind == "" || e.Target.Kind == f.TargetKind) &&
		(f.TargetName == "" || e.Target.Name == f.TargetName) &&
		(f.Since.IsZero() || !e.At.Before(f.Since)) &&
		(f.Until.IsZero() || e.At.Before(f.Until))
}

// copyEntry copies what the caller could change.
func copyEntry(e tenancy.AuditEntry) tenancy.AuditEntry {
	e.Details, e.Text = slices.Clone(e.Details), slices.Clone(e.Text)
	return e
}
