package portstest

import (
	"errors"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

func importDecide() []contractCase {
	return []contractCase{
		{
			name: "compare stops at yield's error",
			says: "It stops at yield's first error and returns it.",
			prove: func(p *probe) {
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.stageTwoWidgets(im)
					calls := 0
					err := im.Compare(p.ctx, func(ports.Pair) error {
						calls++
						return errCaller
					})
					p.equal(errors.Is(err, errCaller), true,
						"whether Compare returns yield's error: %v", err)
					p.equal(calls, 1, "how often yield is called")
					p.equal(len(p.comparePairs(im)), 2, "the pairs of the next Compare")
					return nil
				}), "Import")
			},
		},
		{
			name: "decide stops at an error",
			says: "It stops at decide's first error and returns it.",
			prove: func(p *probe) {
				calls := 0
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.stageTwoWidgets(im)
					return im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
						calls++
						return ports.Decision{Write: true, Item: pair.Incoming}, errCaller
					})
				})
				p.equal(errors.Is(err, errCaller), true,
					"whether Decide returns decide's error: %v", err)
				p.equal(calls, 1, "how often decide is called")
			},
		},
		{
			name: "decide gets the pairs of compare",
			says: "Decide calls decide once with each pair, in the same order as Compare, and keeps" +
				" the decisions for Apply.",
			prove: func(p *probe) {
				p.putReferenced()
				p.put(p.acme, normalForms()...)
				p.put(p.acme, item("widget", "b", `{"size":1,"token":"hunter2"}`))
				incoming := append(normalForms(), item("widget", "b", `{"size":2}`),
					item("widget", "B", `{}`), item("maker", "z", `{}`),
					item("settings", "default", `{"mode":"open"}`))
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(incoming...)), "Stage")
					compared := p.comparePairs(im)
					decided := p.decidePairs(im)
					p.equal(pairRefs(decided), pairRefs(compared), "the refs")
					for i := range min(len(decided), len(compared)) {
						p.samePair(decided[i], compared[i])
					}
					return nil
				}), "Import")
			},
		},
		{
			name: "decide without compare decides",
			says: "keeps the decisions for Apply.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "a", `{"size":1}`), item("widget", "b", `{"size":1}`))
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(item("widget", "a", `{"size":2}`),
						item("widget", "b", `{"size":2}`), item("widget", "c", `{}`))), "Stage")
					p.ok(im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
						write := pair.Current == nil || pair.Current.Name == "b"
						return ports.Decision{Write: write, Item: pair.Incoming}, nil
					}), "Decide")
					_, err := im.Apply(p.ctx)
					return err
				})
				p.ok(err, "Import")
				for name, spec := range map[string]string{"a": `{"size":1}`, "b": `{"size":2}`,
					"c": `{}`} {
					p.sameContent(p.get(p.acme, ref("widget", name)).Item,
						p.normalized(item("widget", name, spec)), "the item afterwards")
				}
			},
		},
		{
			name: "decide alone changes nothing",
			says: "It changes nothing in the tenant.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "a", `{"size":1}`))
				before := bundleText(p.export(p.acme, ports.Selection{}))
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(item("widget", "a", `{"size":2}`),
						item("widget", "b", `{}`),
						item("settings", "default", `{"mode":"open"}`))), "Stage")
					return im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
						return writeAll(pair.Incoming)
					})
				}), "Import")
				p.equal(bundleText(p.export(p.acme, ports.Selection{})), before,
					"the export after an import that only decided")
				p.equal(p.isPristine(p.acme), true, "whether the settings are pristine afterwards")
			},
		},
		{
			name: "apply without decide writes nothing",
			says: "without Decide, it writes nothing.",
			prove: func(p *probe) {
				before := bundleText(p.export(p.acme, ports.Selection{}))
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.stageTwoWidgets(im)
					_ = p.comparePairs(im)
					uses, err := im.Apply(p.ctx)
					p.equal(uses, []federation.SecretUse(nil), "the missing secrets")
					return err
				}), "Import")
				p.equal(bundleText(p.export(p.acme, ports.Selection{})), before,
					"the export afterwards")
			},
		},
	}
}

// stageTwoWidgets stages one widget that refers to a missing secret, and another.
func (p *probe) stageTwoWidgets(im ports.Import) {
	p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(item("widget", "a", `{"token":{"$secret":"missing"}}`),
		item("widget", "b", `{}`))), "Stage")
}

// samePair compares two pairs with the same staged item.
func (p *probe) samePair(got, want ports.Pair) {
	p.sameItem(got.Incoming, want.Incoming, "the staged item")
	p.equal(got.Incoming.Digest, want.Incoming.Digest, "its digest")
	p.equal(got.Pristine, want.Pristine, "whether %q is pristine", want.Incoming.Name)
	p.equal(got.Current != nil, want.Current != nil, "whether the target has %q",
		want.Incoming.Name)
	if got.Current != nil && want.Current != nil {
		p.sameItem(*got.Current, *want.Current, "the target's item")
		p.equal(got.Current.Digest, want.Current.Digest, "its digest")
	}
}
