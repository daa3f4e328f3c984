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

type sharedLog struct{ ports.Audit }

func (b sharedLog) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if tenant.IsZero() {
		return b.Audit.List(ctx, tenant, q)
	}
	return b.Audit.List(ctx, tenancy.DefaultID, q)
}

func (b sharedLog) Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	if tenant.IsZero() {
		return b.Audit.Append(ctx, tenant, e)
	}
	return b.Audit.Append(ctx, tenancy.DefaultID, e)
}

// silentLog takes what can't be written for written.
type silentLog struct{ ports.Audit }

func (b silentLog) Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	err := b.Audit.Append(ctx, tenant, e)
	if tenancy.CodeOf(err) == tenancy.CodeInvalid {
		return nil
	}
	return err
}

type anonymousLog struct{ ports.Audit }

func (b anonymousLog) Append(_ context.Context, tenant tenancy.ID, e tenancy.Event) error {
	return b.Audit.Append(context.Background(), tenant, e)
}

type backwardLog struct{ ports.Audit }

func (b backwardLog) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	found, err := b.Audit.List(ctx, tenant, q)
	slices.Reverse(found)
	return found, err
}

type inclusiveLog struct{ ports.Audit }

func (b inclusiveLog) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if q.Before != 0 {
		q.Before++
	}
	return b.Audit.List(ctx, tenant, q)
}

type anyAction struct{ ports.Audit }

func (b anyAction) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	if q.Action == "x" {
		q.Action = ""
	}
	return b.Audit.List(ctx, tenant, q)
}

type alteredLog struct{ ports.Audit }

func (b alteredLog) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	return b.Audit.Export(ctx, tenant, q, begin, func(e tenancy.AuditEntry) error {
		e.Text = bytes.ReplaceAll(e.Text, []byte("x.read"), []byte("x.seen"))
		return yield(e)
	})
}

type pagedExport struct{ ports.Audit }

func (b pagedExport) Export(
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

type endlessLog struct{ ports.Audit }

func (b endlessLog) Ends(
	ctx context.Context, tenant tenancy.ID,
) (first, last tenancy.AuditChain, err error) {
	first, _, err = b.Audit.Ends(ctx, tenant)
	return first, last, err
}

type platformOnly struct{ ports.PlatformAudit }

func (b platformOnly) List(
	ctx context.Context, q ports.PlatformAuditQuery,
) ([]tenancy.AuditEntry, error) {
	found, err := b.PlatformAudit.List(ctx, q)
	return slices.DeleteFunc(found, func(e tenancy.AuditEntry) bool { return !e.Tenant.IsZero() }),
		err
}

type defaultsLog struct {
	ports.PlatformAudit
	audit ports.Audit
}

func (b defaultsLog) Append(ctx context.Context, e tenancy.Event) error {
	return b.audit.Append(ctx, tenancy.DefaultID, e)
}

type withoutUpdates struct{ ports.Audit }

func (b withoutUpdates) List(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	found, err := b.Audit.List(ctx, tenant, q)
	return slices.DeleteFunc(found,
		func(e tenancy.AuditEntry) bool { return e.Action == "resource.update" }), err
}

type loggedFirst struct {
	ports.Resources
	audit ports.Audit
}

func (b loggedFirst) Put(
	ctx context.Context, tenant tenancy.ID, item federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	stored, created, err := b.Resources.Put(ctx, tenant, item, cond)
	if err == nil {
		return stored, created, nil
	}
	return stored, created, errors.Join(err,
		b.audit.Append(ctx, tenant, federation.WriteEvent(nil, item, nil)))
}

type importLoggedFirst struct {
	ports.Transfers
	audit ports.Audit
}

func (b importLoggedFirst) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	err := b.Transfers.Import(ctx, tenant, fn)
	if err == nil {
		return nil
	}
	return errors.Join(err, b.audit.Append(ctx, tenant, federation.ImportEvent(nil)))
}
