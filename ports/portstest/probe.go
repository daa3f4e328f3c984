package portstest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// probe calls the ports of a store and keeps the first wrong result. A case goes on
// after that with results that may be empty: it may compare them, but not index them.
type probe struct {
	ports.Services
	ctx          context.Context
	acme, globex tenancy.ID // two tenants besides the default one
	err          error
}

func newProbe(ctx context.Context, s ports.Services) *probe {
	p := &probe{Services: s, ctx: ctx}
	p.acme = p.tenant("acme").ID
	p.globex = p.tenant("globex").ID
	return p
}

// fail keeps the failure, unless there was one before.
func (p *probe) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// ok requires that err, the result of doing, is nil.
func (p *probe) ok(err error, doing string, args ...any) {
	if err != nil {
		p.fail("%s: %w", fmt.Sprintf(doing, args...), err)
	}
}

// code requires that err, the result of doing, has the code.
func (p *probe) code(err error, want tenancy.Code, doing string, args ...any) {
	if got := tenancy.CodeOf(err); got != want {
		p.fail("%s = %v; want an error with code %q", fmt.Sprintf(doing, args...), err, want)
	}
}

// equal requires that got is want.
func (p *probe) equal(got, want any, what string, args ...any) {
	if !reflect.DeepEqual(got, want) {
		p.fail("%s = %v; want %v", fmt.Sprintf(what, args...), got, want)
	}
}

// recent requires that at is now, to the minute, because the store may have another
// clock, and that it has whole microseconds.
func (p *probe) recent(at time.Time, what string) {
	if off := time.Since(at).Abs(); off > time.Minute {
		p.fail("%s = %v, which is %v off", what, at, off)
	}
	if !at.Equal(at.Truncate(time.Microsecond)) {
		p.fail("%s = %v; want microseconds", what, at)
	}
}

// tenant makes an active tenant.
func (p *probe) tenant(slug tenancy.Slug) tenancy.Tenant {
	made, err := p.Tenants.Create(p.ctx, newTenant(slug))
	p.ok(err, "Tenants.Create(%s)", slug)
	return made
}

func newTenant(slug tenancy.Slug) tenancy.Tenant {
	return tenancy.Tenant{
		ID: tenancy.NewID(), Slug: slug, Name: "The " + string(slug),
		State: tenancy.Active, Settings: json.RawMessage(`{"theme":"dark"}`),
	}
}

// item makes an item; spec is JSON.
func item(kind, name, spec string) federation.Item {
	return federation.Item{Ref: ref(kind, name), Spec: json.RawMessage(spec)}
}

func ref(kind, name string) federation.Ref { return federation.Ref{Kind: kind, Name: name} }

func withLabels(it federation.Item, labels map[string]string) federation.Item {
	it.Labels = labels
	return it
}

// put stores items one after the other and returns the last.
func (p *probe) put(tenant tenancy.ID, items ...federation.Item) (stored federation.Resource) {
	for _, it := range items {
		var err error
		stored, _, err = p.Resources.Put(p.ctx, tenant, it, ports.Condition{})
		p.ok(err, "Resources.Put(%s %q)", it.Kind, it.Name)
	}
	return stored
}

func (p *probe) get(tenant tenancy.ID, r federation.Ref) federation.Resource {
	found, err := p.Resources.Get(p.ctx, tenant, r)
	p.ok(err, "Resources.Get(%s %q)", r.Kind, r.Name)
	return found
}

// noResource requires that tenant has no resource r.
func (p *probe) noResource(tenant tenancy.ID, r federation.Ref, when string) {
	_, err := p.Resources.Get(p.ctx, tenant, r)
	p.code(err, tenancy.CodeNotFound, "Resources.Get(%s %q) %s", r.Kind, r.Name, when)
}

// names returns the names of the resources that match q.
func (p *probe) names(tenant tenancy.ID, q ports.ResourceQuery) []string {
	if q.Limit == 0 {
		q.Limit = 100
	}
	found, err := p.Resources.List(p.ctx, tenant, q)
	p.ok(err, "Resources.List(%+v)", q)
	names := []string{}
	for _, r := range found {
		names = append(names, r.Name)
	}
	return names
}

// export returns every item that matches sel.
func (p *probe) export(tenant tenancy.ID, sel ports.Selection) []federation.Item {
	items := []federation.Item{}
	err := p.Transfers.Export(p.ctx, tenant, sel, func(it federation.Item) error {
		items = append(items, it)
		return nil
	})
	p.ok(err, "Transfers.Export(%+v)", sel)
	return items
}

// normalized returns it in the form that a store must return: that of
// [federation.Kinds.Check].
func (p *probe) normalized(it federation.Item) federation.Item {
	checked, err := p.Kinds.Check(it)
	p.ok(err, "Kinds.Check(%s %q)", it.Kind, it.Name)
	return checked
}

// sameContent requires the same ref, labels and spec.
func (p *probe) sameContent(got, want federation.Item, what string) {
	if got.Ref != want.Ref || !sameLabels(got.Labels, want.Labels) ||
		!sameJSON(got.Spec, want.Spec) {
		p.fail("%s = %s; want %s", what, format(got), format(want))
	}
}

// sameItem requires the same content, version and time.
func (p *probe) sameItem(got, want federation.Item, what string) {
	p.sameContent(got, want, what)
	if got.Version != want.Version || !got.UpdatedAt.Equal(want.UpdatedAt) {
		p.fail("%s has version %d of %v; want version %d of %v", what, got.Version, got.UpdatedAt,
			want.Version, want.UpdatedAt)
	}
}

// sameResource requires the same item, id and time of creation.
func (p *probe) sameResource(got, want federation.Resource, what string) {
	p.sameItem(got.Item, want.Item, what)
	if got.ID != want.ID || !got.CreatedAt.Equal(want.CreatedAt) {
		p.fail("%s has id %s, created at %v; want %s, %v", what, got.ID, got.CreatedAt, want.ID,
			want.CreatedAt)
	}
}

// sameLabels treats nil as empty.
func sameLabels(a, b map[string]string) bool { return maps.Equal(a, b) }

// sameJSON compares values, not bytes: a settings column may be reformatted.
func sameJSON(a, b json.RawMessage) bool {
	x, errX := federation.Canonical(a)
	y, errY := federation.Canonical(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func format(it federation.Item) string {
	return fmt.Sprintf("%s %q %v %s", it.Kind, it.Name, it.Labels, it.Spec)
}
