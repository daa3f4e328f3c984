package portstest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type sharedAuditLog struct{ ports.Audit }

func (b sharedAuditLog) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if tenant.IsZero() {
		return b.Audit.List(ctx, tenant, q)
	}
	return b.Audit.List(ctx, tenancy.DefaultID, q)
}

func (b sharedAuditLog) Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	if tenant.IsZero() {
		return b.Audit.Append(ctx, tenant, e)
	}
	return b.Audit.Append(ctx, tenancy.DefaultID, e)
}

// acceptsInvalidEvents returns no error for an invalid event.
type acceptsInvalidEvents struct{ ports.Audit }

func (b acceptsInvalidEvents) Append(
	ctx context.Context, tenant tenancy.ID, e tenancy.Event,
) error {
	err := b.Audit.Append(ctx, tenant, e)
	if tenancy.CodeOf(err) == tenancy.CodeInvalid {
		return nil
	}
	return err
}

type dropsActor struct{ ports.Audit }

func (b dropsActor) Append(_ context.Context, tenant tenancy.ID, e tenancy.Event) error {
	return b.Audit.Append(context.Background(), tenant, e)
}

type listsOldestFirst struct{ ports.Audit }

func (b listsOldestFirst) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	found, err := b.Audit.List(ctx, tenant, q)
	slices.Reverse(found)
	return found, err
}

type inclusiveAuditCursor struct{ ports.Audit }

func (b inclusiveAuditCursor) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if q.Before != 0 {
		q.Before++
	}
	return b.Audit.List(ctx, tenant, q)
}

type matchesActionPrefix struct{ ports.Audit }

func (b matchesActionPrefix) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if q.Action == "x" {
		q.Action = ""
	}
	return b.Audit.List(ctx, tenant, q)
}

type ignoresOutcomeOfActor struct{ ports.Audit }

func (b ignoresOutcomeOfActor) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if q.Actor != "" {
		q.Outcome = ""
	}
	return b.Audit.List(ctx, tenant, q)
}

type altersEntries struct{ ports.Audit }

func (b altersEntries) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	return b.Audit.Export(ctx, tenant, q, begin, func(e tenancy.AuditEntry) error {
		e.Text = bytes.ReplaceAll(e.Text, []byte("x.read"), []byte("x.seen"))
		return yield(e)
	})
}

type limitsExport struct{ ports.Audit }

func (b limitsExport) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	n := 0
	return b.Audit.Export(ctx, tenant, q, begin, func(e tenancy.AuditEntry) error {
		if n++; q.Limit != 0 && n > q.Limit {
			return nil
		}
		return yield(e)
	})
}

type hidesChainEnd struct{ ports.Audit }

func (b hidesChainEnd) Ends(
	ctx context.Context, tenant tenancy.ID,
) (first, last tenancy.AuditChain, err error) {
	first, _, err = b.Audit.Ends(ctx, tenant)
	return first, last, err
}

type listsPlatformEntriesOnly struct{ ports.PlatformAudit }

func (b listsPlatformEntriesOnly) List(
	ctx context.Context, q ports.PlatformAuditQuery,
) ([]tenancy.AuditEntry, error) {
	found, err := b.PlatformAudit.List(ctx, q)
	return slices.DeleteFunc(found, func(e tenancy.AuditEntry) bool { return !e.Tenant.IsZero() }),
		err
}

type appendsToDefaultTenant struct {
	ports.PlatformAudit
	audit ports.Audit
}

func (b appendsToDefaultTenant) Append(ctx context.Context, e tenancy.Event) error {
	return b.audit.Append(ctx, tenancy.DefaultID, e)
}

type dropsUpdateEntries struct{ ports.Audit }

func (b dropsUpdateEntries) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	found, err := b.Audit.List(ctx, tenant, q)
	return slices.DeleteFunc(found,
		func(e tenancy.AuditEntry) bool { return e.Action == "resource.update" }), err
}

type logsRefusedPuts struct {
	ports.Resources
	audit ports.Audit
}

func (b logsRefusedPuts) Put(
	ctx context.Context, tenant tenancy.ID, item federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	stored, created, err := b.Resources.Put(ctx, tenant, item, cond)
	if err == nil {
		return stored, created, nil
	}
	return stored, created, errors.Join(err,
		b.audit.Append(ctx, tenant, federation.WriteEvent(nil, item, nil)))
}

type logsFailedImports struct {
	ports.Transfers
	audit ports.Audit
}

func (b logsFailedImports) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	err := b.Transfers.Import(ctx, tenant, fn)
	if err == nil {
		return nil
	}
	return errors.Join(err, b.audit.Append(ctx, tenant, federation.ImportEvent(nil)))
}
