package portstest

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func importMissing() []contractCase {
	return []contractCase{
		{
			name: "what the source no longer has is missing",
			says: "StageMissing stages also what the target has taken from the source before, sel" +
				" selects, and the source no longer has: a [Pair] with Missing.",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "a", `{}`), item("widget", "b", `{}`),
					item("maker", "m", `{}`))
				p.take(p.acme, fromOther, item("widget", "c", `{}`))
				p.put(p.acme, item("widget", "own", `{}`))
				all := p.missing(ports.Selection{}, item("widget", "b", `{}`))
				p.equal(all, "maker/m missing, widget/a missing, widget/b", "the pairs")
				widgets := p.missing(ports.Selection{Kinds: []string{"widget"}})
				p.equal(widgets, "widget/a missing, widget/b missing", "the pairs of widgets")
			},
		},
		{
			name:     "what another tenant took isn't missing",
			isolates: []string{"Import.StageMissing", "Import.Renames"},
			says:     "the store remembers what the target has taken from each",
			prove: func(p *probe) {
				p.take(p.globex, fromStaging, item("widget", "a", `{}`))
				p.takeAs(p.globex, "w", "w-2", `{}`)
				p.equal(p.missing(ports.Selection{}), "", "the pairs of an import into the other tenant")
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, fromStaging, p.incoming()), "Stage")
					names, err := im.Renames(p.ctx)
					p.equal(len(names), 0, "the number of names")
					return err
				}), "Import")
			},
		},
		{
			name: "missing items are selected by what was taken",
			says: "The labels that count are those of the content that was taken, and the names those of" +
				" the source.",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging,
					withLabels(item("widget", "a", `{}`), map[string]string{"team": "red"}),
					withLabels(item("widget", "b", `{}`), map[string]string{"team": "blue"}))
				p.put(p.acme, withLabels(item("widget", "b", `{}`), map[string]string{"team": "red"}))
				p.equal(p.missing(ports.Selection{Labels: map[string]string{"team": "red"}}),
					"widget/a missing", "the pairs")
				p.takeAs(p.acme, "w", "w-2", `{}`)
				p.equal(p.missing(ports.Selection{Names: []string{"w", "b", "w-3"}}),
					"widget/b missing, widget/w missing", "the pairs with names")
			},
		},
		{
			name: "references don't make an item missing",
			says: "References don't count.",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("maker", "m", `{}`), item("widget", "w", `{"maker":"m"}`))
				p.equal(p.missing(ports.Selection{Kinds: []string{"widget"}, WithReferences: true}),
					"widget/w missing", "the pairs")
			},
		},
		{
			name: "missing item has nothing but its ref",
			says: "the source no longer has the item: Incoming has nothing but its Ref",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "a", `{"size":1}`))
				p.importMissing(func(im ports.Import, pair ports.Pair) ports.Decision {
					p.equal(pair.Incoming.Ref, ref("widget", "a"), "the staged item")
					p.equal(len(pair.Incoming.Spec)+len(pair.Incoming.Digest), 0, "the size of its content")
					p.equal(pair.Current != nil && pair.Base != nil, true,
						"whether the pair has the target's item and the base")
					return ports.Decision{}
				})
				p.get(p.acme, ref("widget", "a"))
			},
		},
		{
			name: "write of a missing item deletes",
			says: "If the source no longer has it, Write deletes the target's item, if there is one," +
				" and forgets what was taken.",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "a", `{"parts":["p"]}`), item("part", "p", `{}`),
					item("widget", "child", `{"parent":"a"}`), item("widget", "gone", `{}`))
				p.takeAs(p.acme, "w", "w-2", `{}`)
				p.put(p.acme, item("widget", "w", `{}`))
				p.ok(p.Resources.Delete(p.ctx, p.acme, ref("widget", "gone"), ports.Condition{}),
					"Delete")
				p.importMissing(func(_ ports.Import, pair ports.Pair) ports.Decision {
					return ports.Decision{Write: true}
				})
				for _, name := range []string{"a", "child", "w-2", "gone"} {
					p.noResource(p.acme, ref("widget", name), "after the import")
				}
				p.noResource(p.acme, ref("part", "p"), "after the import")
				p.get(p.acme, ref("widget", "w"))
				p.equal(p.missing(ports.Selection{}), "", "the pairs of the next import")
			},
		},
		{
			name: "write of a missing item that is referred to fails",
			says: "An item that would be deleted and to which an item refers that stays is" +
				" [tenancy.CodeReferenced] with the paths /KIND/NAME of what would be deleted.",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "a", `{}`), item("part", "p", `{}`))
				p.put(p.acme, item("widget", "own", `{"parent":"a","parts":["p"]}`))
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, fromStaging, p.incoming()), "Stage")
					p.ok(im.StageMissing(p.ctx, ports.Selection{}), "StageMissing")
					p.ok(im.Decide(p.ctx, func(ports.Pair) (ports.Decision, error) {
						return ports.Decision{Write: true}, nil
					}), "Decide")
					_, err := im.Apply(p.ctx)
					return err
				})
				p.code(err, tenancy.CodeReferenced, "Import")
				p.equal(detailPaths(err), []string{"/part/p", "/widget/a"}, "the paths")
				p.get(p.acme, ref("widget", "a"))
			},
		},
		{
			name: "an import may move the references away",
			says: "and to which an item refers that stays",
			prove: func(p *probe) {
				p.take(p.acme, fromStaging, item("widget", "a", `{}`), item("widget", "b", `{"parent":"a"}`))
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, fromStaging, p.incoming(item("widget", "b", `{}`))), "Stage")
					p.ok(im.StageMissing(p.ctx, ports.Selection{}), "StageMissing")
					p.ok(im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
						return takeAll(im, pair), nil
					}), "Decide")
					_, err := im.Apply(p.ctx)
					return err
				}), "Import")
				p.noResource(p.acme, ref("widget", "a"), "after the import")
			},
		},
	}
}

// importMissing imports nothing, and decides about what was taken from staging before.
func (p *probe) importMissing(decide decideIn) {
	p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
		p.ok(im.Stage(p.ctx, fromStaging, p.incoming()), "Stage")
		p.ok(im.StageMissing(p.ctx, ports.Selection{}), "StageMissing")
		p.ok(im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
			return decide(im, pair), nil
		}), "Decide")
		_, err := im.Apply(p.ctx)
		return err
	}), "Import")
}

// missing lists the pairs of an import from staging that stages also what is missing.
func (p *probe) missing(sel ports.Selection, items ...federation.Item) string {
	var list []string
	p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
		p.ok(im.Stage(p.ctx, fromStaging, p.incoming(items...)), "Stage")
		p.ok(im.StageMissing(p.ctx, sel), "StageMissing")
		for _, pair := range p.comparePairs(im) {
			text := pair.Incoming.Kind + "/" + pair.Incoming.Name
			if pair.Missing {
				text += " missing"
			}
			list = append(list, text)
		}
		return nil
	}), "Import")
	return strings.Join(list, ", ")
}
