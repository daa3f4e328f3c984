package promotetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// itemNames are those of the items: a name that is the free name of another one, and text that sorts
// and compares in unusual ways.
var itemNames = []string{"a", "a-2", "A", "é", "b/c", "\U0001F600"}

// Kind is the kind of the items: one with a field "size" that is a number.
const Kind = "widget"

// CheckAgainstModel changes a source and a target at random, promotes from the one to the other several
// times, and compares each import, and what the target has after it, with the model. The services must
// have the kind [Kind].
func CheckAgainstModel(t *testing.T, services ports.Services) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPromotion(t.Context(), rt, services)
		for range rapid.IntRange(1, 5).Draw(rt, "imports") {
			p.edit("source", p.source, p.model.source)
			p.edit("target", p.target, p.model.target)
			p.promote()
		}
	})
}

// promotion is a source and a target, and the model of them.
type promotion struct {
	ctx            context.Context
	t              *rapid.T
	services       ports.Services
	service        *promote.Service
	source, target tenancy.Tenant
	model          *model
}

func newPromotion(ctx context.Context, t *rapid.T, services ports.Services) *promotion {
	p := &promotion{ctx: ctx, t: t, services: services, service: promote.New(services), model: newModel()}
	p.source, p.target = p.tenant(), p.tenant()
	return p
}

func (p *promotion) tenant() tenancy.Tenant {
	id := tenancy.NewID()
	slug := tenancy.Slug("t" + id.String()[9:13] + id.String()[14:18] + id.String()[24:])
	tenant, err := p.services.Tenants.Create(p.ctx, tenancy.NewTenant(id, slug, "Tenant"))
	require.NoError(p.t, err)
	return tenant
}

// edit writes and deletes a few items of one side.
func (p *promotion) edit(side string, tenant tenancy.Tenant, contents map[string]int) {
	for range rapid.IntRange(0, 4).Draw(p.t, side+" edits") {
		name := rapid.SampledFrom(itemNames).Draw(p.t, "name")
		size := rapid.IntRange(0, 3).Draw(p.t, "size")
		had := contents[name]
		contents[name] = size
		ref := federation.Ref{Kind: Kind, Name: name}
		switch {
		case size > 0:
			item := federation.Item{Ref: ref, Spec: json.RawMessage(fmt.Sprintf(`{"size":%d}`, size))}
			_, _, err := p.services.Resources.Put(p.ctx, tenant.ID, item, ports.Condition{})
			require.NoError(p.t, err)
		case had > 0:
			require.NoError(p.t, p.services.Resources.Delete(p.ctx, tenant.ID, ref, ports.Condition{}))
		}
	}
}

// promote imports the source's export into the target.
func (p *promotion) promote() {
	strategies := []promote.Strategy{promote.Fail, promote.Skip, promote.Overwrite, promote.Merge}
	o := promote.Options{Confirm: true,
		Strategy: rapid.SampledFrom(strategies).Draw(p.t, "strategy")}
	prune := rapid.Bool().Draw(p.t, "prune")
	if prune {
		o.Prune = &ports.Selection{Kinds: []string{Kind}}
	}
	bundle := p.export()
	planned := o
	planned.DryRun = true
	report, err := p.service.Import(p.ctx, p.target.ID, bytes.NewReader(bundle), planned)
	require.NoError(p.t, err)
	plan := p.actions(report)
	want := p.model.load(o.Strategy, prune)
	require.Equal(p.t, want, plan, "the plan")
	report, err = p.service.Import(p.ctx, p.target.ID, bytes.NewReader(bundle), o)
	if slices.Contains(slices.Collect(maps.Values(want)), promote.ActionFail) {
		require.Equal(p.t, tenancy.CodeImportConflict, tenancy.CodeOf(err))
	} else {
		require.NoError(p.t, err)
		require.Equal(p.t, plan, p.actions(report), "what was done is what was planned")
	}
	p.compareTarget()
}

func (p *promotion) export() []byte {
	exported, err := p.service.Export(p.ctx, p.source, ports.Selection{Kinds: []string{Kind}})
	require.NoError(p.t, err)
	defer exported.Close()
	var bundle bytes.Buffer
	_, err = exported.WriteTo(&bundle)
	require.NoError(p.t, err)
	return bundle.Bytes()
}

// actions reads the report, and closes it.
func (p *promotion) actions(report *promote.Report) map[string]promote.Action {
	defer report.Close()
	actions := map[string]promote.Action{}
	for item, err := range report.Items() {
		require.NoError(p.t, err)
		actions[item.Name] = item.Action
	}
	return actions
}

// compareTarget compares the target's items with the model's.
func (p *promotion) compareTarget() {
	list, err := p.services.Resources.List(p.ctx, p.target.ID, ports.ResourceQuery{Kind: Kind, Limit: 100})
	require.NoError(p.t, err)
	got := map[string]int{}
	for _, r := range list {
		var spec struct{ Size int }
		require.NoError(p.t, json.Unmarshal(r.Spec, &spec))
		got[r.Name] = spec.Size
	}
	want := maps.Clone(p.model.target)
	maps.DeleteFunc(want, func(_ string, size int) bool { return size == 0 })
	require.Equal(p.t, want, got, "the target's items")
}
