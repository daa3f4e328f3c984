package portstest

import (
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The tenants that the cases import from.
var (
	fromStaging = federation.Source{Instance: "01900000-0000-7000-8000-00000000000a",
		Tenant: "staging"}
	fromOther = federation.Source{Instance: fromStaging.Instance, Tenant: "other"}
)

func importTaken() []contractCase {
	return []contractCase{
		{
			name: "taken content is the base of the next import",
			says: "from is the tenant that the items come from: the store remembers what the target" +
				" has taken from each ([Decision.Taken]).",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "w", `{"size":1}`))
				p.put(p.acme, item("widget", "w", `{"size":2}`))
				incoming := item("widget", "w", `{"size":3}`)
				base := p.baseOf(p.acme, incoming)
				p.sameContent(base, p.normalized(item("widget", "w", `{"size":1}`)), "the base")
				p.equal(base.Digest, p.normalized(item("widget", "w", `{"size":1}`)).Digest, "its digest")
				p.equal(p.pairOf(p.acme, fromOther, incoming).Base == nil, true,
					"whether another source has no base")
				p.equal(p.pairOf(p.globex, fromStaging, incoming).Base == nil, true,
					"whether another tenant has no base")
			},
		},
		{
			name: "base may equal another side",
			says: "what was last taken from the source, as [Decision.Taken] had it",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "w", `{"size":1}`))
				for what, incoming := range map[string]string{"staged": `{"size":1}`,
					"stored": `{"size":2}`} {
					pair := p.pairOf(p.acme, fromStaging, item("widget", "w", incoming))
					p.equal(pair.Base != nil && pair.Base.Digest ==
						p.normalized(item("widget", "w", `{"size":1}`)).Digest, true,
						"whether the base is the one taken, with another item %s", what)
				}
				p.take(p.acme, fromStaging, item("widget", "w", `{"size":4}`))
				p.sameContent(p.baseOf(p.acme, item("widget", "w", `{}`)),
					p.normalized(item("widget", "w", `{"size":4}`)), "the base after a second import")
			},
		},
		{
			name: "nothing is remembered from no source",
			says: "From the zero Source nothing is remembered.",
			prove: func(p *probe) {
				p.take(p.acme, federation.Source{}, item("widget", "w", `{}`))
				p.equal(p.pairOf(p.acme, federation.Source{}, item("widget", "w", `{}`)).Base == nil,
					true, "whether there is no base")
			},
		},
		{
			name: "what isn't taken keeps its base",
			says: "With nil, the store remembers what it did before.",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "w", `{"size":1}`))
				p.importFrom(p.acme, fromStaging, func(im ports.Import, pair ports.Pair) ports.Decision {
					return ports.Decision{Write: true, Item: pair.Incoming}
				}, item("widget", "w", `{"size":2}`), item("widget", "new", `{}`))
				p.sameContent(p.baseOf(p.acme, item("widget", "w", `{}`)),
					p.normalized(item("widget", "w", `{"size":1}`)), "the base")
				p.equal(p.pairOf(p.acme, fromStaging, item("widget", "new", `{}`)).Base == nil, true,
					"whether the new item has no base")
			},
		},
		{
			name: "what is taken may differ from what is written",
			says: "Taken is the source's content that the target has from now on taken from it, under" +
				" the name and with the references that it has in the target.",
			prove: func(p *probe) {
				taken := p.normalized(item("widget", "w", `{"size":7}`))
				p.importFrom(p.acme, fromStaging, func(im ports.Import, pair ports.Pair) ports.Decision {
					return ports.Decision{Write: pair.Incoming.Name == "w", Item: pair.Incoming,
						Taken: &taken}
				}, item("widget", "w", `{"size":1}`))
				p.sameContent(p.get(p.acme, ref("widget", "w")).Item,
					p.normalized(item("widget", "w", `{"size":1}`)), "what is written")
				p.sameContent(p.baseOf(p.acme, item("widget", "w", `{}`)), taken,
					"the base")
			},
		},
		{
			name: "a dry run takes nothing",
			says: "if fn returns an error, nothing is stored",
			prove: func(p *probe) {
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.stageAndApply(im, fromStaging, takeAll, item("widget", "w", `{}`))
					return errCaller
				})
				p.equal(err != nil, true, "whether Import returns an error")
				p.equal(p.pairOf(p.acme, fromStaging, item("widget", "w", `{}`)).Base == nil, true,
					"whether there is no base")
			},
		},
		{
			name: "renamed item is paired by its name in the target",
			says: "Pair is a staged item and the target's item of the same ref, or of the name that" +
				" the item was given when it was taken.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{"size":1}`))
				p.takeAs(p.acme, "w", "w-2", `{"size":2}`)
				pair := p.pairOf(p.acme, fromStaging, item("widget", "w", `{"size":3}`))
				p.equal(pair.Incoming.Name, "w", "the name in the source")
				p.equal(pair.Target, ref("widget", "w-2"), "the item in the target")
				if pair.Current == nil {
					p.fail("the pair has no target's item")
					return
				}
				p.sameContent(*pair.Current, p.normalized(item("widget", "w-2", `{"size":2}`)),
					"the target's item")
				p.importFrom(p.acme, fromStaging, func(im ports.Import, pair ports.Pair) ports.Decision {
					named := p.named(pair.Incoming, pair.Target.Name)
					return ports.Decision{Write: true, Item: named, Taken: &named}
				}, item("widget", "w", `{"size":3}`))
				p.sameContent(p.get(p.acme, ref("widget", "w")).Item,
					p.normalized(item("widget", "w", `{"size":1}`)), "the item with the name of the source")
				p.sameContent(p.get(p.acme, ref("widget", "w-2")).Item,
					p.normalized(item("widget", "w-2", `{"size":3}`)), "the renamed item")
			},
		},
		{
			name: "target is the staged item's ref without a rename",
			says: "the item in the target",
			prove: func(p *probe) {
				pair := p.pairOf(p.acme, fromStaging, item("widget", "w", `{}`))
				p.equal(pair.Target, ref("widget", "w"), "the item in the target")
				p.equal(pair.Current == nil, true, "whether Current is nil if there is none.")
			},
		},
		{
			name: "renames are remembered",
			says: "Renames returns the items of the source that the target has under another name," +
				" and that name.",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "plain", `{}`))
				p.takeAs(p.acme, "w", "w-2", `{}`)
				for from, want := range map[federation.Source]map[federation.Ref]string{
					fromStaging: {ref("widget", "w"): "w-2"}, fromOther: {}} {
					p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
						p.ok(im.Stage(p.ctx, from, p.incoming()), "Stage")
						names, err := im.Renames(p.ctx)
						p.ok(err, "Renames")
						p.equal(names, want, "the names from %s", from.Tenant)
						return nil
					}), "Import")
				}
			},
		},
		{
			name: "exists finds names that were given",
			says: "or an item that was taken from the source has it as its name in the target.",
			prove: func(p *probe) {
				p.takeAs(p.acme, "w", "w-2", `{}`)
				p.ok(p.Resources.Delete(p.ctx, p.acme, ref("widget", "w-2"), ports.Condition{}),
					"Delete")
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, fromStaging, p.incoming()), "Stage")
					p.wantExists(im, ref("widget", "w-2"), true)
					p.wantExists(im, ref("widget", "w-3"), false)
					return nil
				}), "Import")
			},
		},
		{
			name: "names may move in a ring",
			says: "a rename to the ref of another staged item that the source still has under that" +
				" name",
			prove: func(p *probe) {
				p.takeAs(p.acme, "a", "b", `{"size":1}`)
				p.importFrom(p.acme, fromStaging, func(im ports.Import, pair ports.Pair) ports.Decision {
					name := pair.Target.Name
					if pair.Incoming.Name == "b" {
						name = "c"
					}
					named := p.named(pair.Incoming, name)
					return ports.Decision{Write: true, Item: named, Taken: &named}
				}, item("widget", "a", `{"size":2}`), item("widget", "b", `{"size":3}`))
				for name, size := range map[string]string{"b": `{"size":2}`, "c": `{"size":3}`} {
					p.sameContent(p.get(p.acme, ref("widget", name)).Item,
						p.normalized(item("widget", name, size)), "the item under its name")
				}
				p.noResource(p.acme, ref("widget", "a"), "after that")
			},
		},
	}
}

// takeAll decides to write and to take an item as it is.
func takeAll(_ ports.Import, pair ports.Pair) ports.Decision {
	return ports.Decision{Write: true, Item: pair.Incoming, Taken: &pair.Incoming}
}

// take imports items and takes them.
func (p *probe) take(tenant tenancy.ID, from federation.Source, items ...federation.Item) {
	p.importFrom(tenant, from, takeAll, items...)
}

// takeAs takes a widget under another name.
func (p *probe) takeAs(tenant tenancy.ID, name, as, spec string) {
	p.importFrom(tenant, fromStaging, func(im ports.Import, pair ports.Pair) ports.Decision {
		named := p.named(pair.Incoming, as)
		return ports.Decision{Write: true, Item: named, Taken: &named}
	}, item("widget", name, spec))
}

// named returns an item under another name.
func (p *probe) named(it federation.Item, name string) federation.Item {
	it.Name = name
	sealed, err := it.Seal()
	p.ok(err, "Seal")
	return sealed
}

type decideIn = func(ports.Import, ports.Pair) ports.Decision

func (p *probe) importFrom(
	tenant tenancy.ID, from federation.Source, decide decideIn, items ...federation.Item,
) {
	p.ok(p.Transfers.Import(p.ctx, tenant, func(im ports.Import) error {
		p.stageAndApply(im, from, decide, items...)
		return nil
	}), "Import")
}

func (p *probe) stageAndApply(
	im ports.Import, from federation.Source, decide decideIn, items ...federation.Item,
) {
	p.ok(im.Stage(p.ctx, from, p.incoming(items...)), "Stage")
	p.ok(im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
		return decide(im, pair), nil
	}), "Decide")
	_, err := im.Apply(p.ctx)
	p.ok(err, "Apply")
}

// baseOf returns the base of a staged item from staging, the zero Item if it has none.
func (p *probe) baseOf(tenant tenancy.ID, incoming federation.Item) federation.Item {
	base := p.pairOf(tenant, fromStaging, incoming).Base
	if base == nil {
		p.fail("%s %q has no base", incoming.Kind, incoming.Name)
		return federation.Item{}
	}
	return *base
}

// pairOf returns the pair of a staged item, in an import that writes nothing.
func (p *probe) pairOf(
	tenant tenancy.ID, from federation.Source, incoming federation.Item,
) (pair ports.Pair) {
	p.ok(p.Transfers.Import(p.ctx, tenant, func(im ports.Import) error {
		p.ok(im.Stage(p.ctx, from, p.incoming(incoming)), "Stage")
		for _, found := range p.comparePairs(im) {
			pair = found
		}
		return nil
	}), "Import")
	return pair
}
