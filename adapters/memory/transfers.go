package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// transfers is [ports.Transfers].
type transfers struct{ s *Store }

var _ ports.Transfers = transfers{}

func (p transfers) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	d, err := p.s.data(tenant)
	if err != nil {
		return err
	}
	for _, name := range sel.Kinds {
		if _, ok := p.s.kinds.Kind(name); !ok {
			return tenancy.Errorf(tenancy.CodeInvalid, "unknown kind %q", name)
		}
	}
	rows, err := d.selectRows(sel)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := checkContext(ctx); err != nil {
			return err
		}
		if err := yield(copyItem(r.Item)); err != nil {
			return err
		}
	}
	return nil
}

// selectRows returns the rows of an export, in the order of their refs.
func (d *tenantData) selectRows(sel ports.Selection) ([]row, error) {
	all := d.snapshot(func(row) bool { return true })
	rows := map[federation.Ref]row{}
	missing := slices.Clone(sel.Names)
	var chosen []federation.Ref
	for _, r := range all {
		rows[r.Ref] = r
		if sel.Selects(r.Item) {
			chosen = append(chosen, r.Ref)
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == r.Name })
		}
	}
	if err := ports.NamesNotFound(missing); err != nil {
		return nil, err
	}
	exported := map[federation.Ref]bool{}
	for len(chosen) > 0 {
		next := chosen[len(chosen)-1]
		chosen = chosen[:len(chosen)-1]
		if exported[next] {
			continue
		}
		exported[next] = true
		if sel.WithReferences {
			for _, target := range rows[next].targets {
				chosen = append(chosen, target.Ref)
			}
		}
	}
	return slices.DeleteFunc(all, func(r row) bool { return !exported[r.Ref] }), nil
}

// Import works on a copy of the tenant's rows, which replaces them if fn returns nil.
// It locks out other writers meanwhile.
func (p transfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	d, err := p.s.data(tenant)
	if err != nil {
		return err
	}
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()

	d.mu.RLock()
	rows := maps.Clone(d.rows)
	d.mu.RUnlock()
	im := &importRun{s: p.s, tenant: tenant, data: d, rows: rows,
		staged: map[federation.Ref]federation.Item{}, missing: map[federation.Ref]bool{}}
	failed := fn(im)
	// an error of fn may describe the tenant: it is only for those who still have the right
	release, err := p.s.holdRight(ctx)
	if err != nil {
		return err
	}
	defer release()
	if failed != nil {
		return failed
	}
	if err := checkContext(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if im.applied {
		if err := p.s.record(ctx, tenant, federation.ImportEvent(im.details)); err != nil {
			return err
		}
	}
	// another copy: fn may have kept its Import, which can still write to rows
	d.rows = maps.Clone(rows)
	if im.applied && im.from != (source{}) {
		d.taken[im.from] = maps.Clone(im.remembered)
	}
	return nil
}

// checkContext returns [tenancy.CodeUnavailable] if ctx has ended.
func checkContext(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return tenancy.Errorf(tenancy.CodeUnavailable, "the request was canceled").Because(err)
	}
	return nil
}
