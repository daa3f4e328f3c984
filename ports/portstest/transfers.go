package portstest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func transfersSuite() []contractCase {
	return slices.Concat(transfersExport(), exportSelection(), transfersImport(), importStage(),
		importDecide(), importTaken(), importMissing(),
		importApply(), importVersions(), importReferences(), importQuota())
}

// errCaller is an error of the caller, which a store has to return.
var errCaller = errors.New("portstest: an error of the caller")

func transfersExport() []contractCase {
	return []contractCase{
		{
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				err := p.Transfers.Export(p.ctx, tenancy.ID{}, ports.Selection{},
					func(it federation.Item) error {
						p.fail("Export of no tenant yields %s", format(it))
						return nil
					})
				p.code(err, tenancy.CodeNoTenant, "Export")
				err = p.Transfers.Import(p.ctx, tenancy.ID{}, func(ports.Import) error {
					p.fail("Import into no tenant runs")
					return nil
				})
				p.code(err, tenancy.CodeNoTenant, "Import")
			},
		},
		{
			name: "export yields every item",
			says: "Export calls yield with every item of the tenant that matches sel, each once",
			prove: func(p *probe) {
				p.putReferenced()
				want := map[federation.Ref]federation.Item{}
				for _, it := range normalForms() {
					want[it.Ref] = p.put(p.acme, it).Item
				}
				exported := p.export(p.acme, ports.Selection{})
				p.equal(len(exported), len(normalForms())+5,
					"the number of items: those put, the settings and four referenced items")
				for _, it := range exported {
					if stored, ok := want[it.Ref]; ok {
						p.sameItem(it, stored, "an exported item")
						delete(want, it.Ref)
					}
				}
				p.equal(len(want), 0, "the number of items that weren't exported")
			},
		},
		{
			name: "export is in the order of refs",
			says: "in the order of [federation.Ref.Compare]",
			prove: func(p *probe) {
				for n, name := range trickyNames() {
					p.put(p.acme, item([]string{"widget", "part", "maker"}[n%3], name, `{}`))
				}
				refs := refsOf(p.export(p.acme, ports.Selection{}))
				p.equal(len(refs), len(trickyNames())+1, "the number of items")
				p.equal(refs, slices.SortedFunc(slices.Values(refs), federation.Ref.Compare),
					"the refs")
			},
		},
		{
			name: "export yields sealed items without secrets",
			says: "sealed, with secrets replaced by their [federation.SecretRef].",
			prove: func(p *probe) {
				p.putReferenced()
				p.put(p.acme, normalForms()...)
				p.put(p.acme, item("widget", "w", `{"token":"hunter2"}`))
				for _, it := range p.export(p.acme, ports.Selection{}) {
					sealed, err := it.Seal()
					p.ok(err, "Seal")
					p.equal(it.Digest, sealed.Digest, "the digest of %s", format(it))
					p.equal(string(it.Spec), string(sealed.Spec), "the spec of %q", it.Name)
					p.equal(string(it.Spec), string(p.normalized(it).Spec), "the spec of %q",
						it.Name)
					p.noLeak(it, "hunter2")
					if it.Ref == ref("widget", "w") {
						p.sameContent(it, p.normalized(item("widget", "w",
							`{"token":{"$secret":"widget/w/token"}}`)), "the widget with a secret")
					}
				}
			},
		},
		{
			name:     "export yields one tenant's items",
			says:     "every item of the tenant",
			isolates: []string{"Transfers.Export"},
			prove: func(p *probe) {
				label := map[string]string{"k": "v"}
				p.put(p.acme, withLabels(item("widget", "a", `{}`), label))
				p.put(p.globex, withLabels(item("widget", "b", `{}`), label))
				for _, sel := range []ports.Selection{{Kinds: []string{"widget"}},
					{Labels: label}} {
					p.equal(refsOf(p.export(p.acme, sel)), []federation.Ref{ref("widget", "a")},
						"acme's export")
					p.equal(refsOf(p.export(p.globex, sel)), []federation.Ref{ref("widget", "b")},
						"globex's export")
					p.equal(refsOf(p.export(tenancy.DefaultID, sel)), []federation.Ref{},
						"the default tenant's export")
				}
				p.equal(refsOf(p.export(p.acme, ports.Selection{})),
					[]federation.Ref{ref("settings", "default"), ref("widget", "a")},
					"acme's complete export")
			},
		},
		{
			name: "export reads one snapshot",
			says: "from one snapshot",
			prove: func(p *probe) {
				p.put(p.acme, item("maker", "a", `{}`), item("widget", "changed", `{"size":1}`),
					item("widget", "deleted", `{}`))
				var exported []federation.Item
				err := p.Transfers.Export(p.ctx, p.acme, ports.Selection{},
					func(it federation.Item) error {
						if len(exported) == 0 {
							p.put(p.acme, item("widget", "changed", `{"size":2}`),
								item("widget", "new", `{}`))
							p.deleteItem(p.acme, ref("widget", "deleted"))
						}
						exported = append(exported, it)
						return nil
					})
				p.ok(err, "Export")
				p.equal(refsOf(exported), []federation.Ref{
					ref("maker", "a"), ref("settings", "default"), ref("widget", "changed"),
					ref("widget", "deleted"),
				}, "the exported items of a tenant that is written to")
				for _, it := range exported {
					if it.Name == "changed" {
						p.sameContent(it, p.normalized(item("widget", "changed", `{"size":1}`)),
							"the item that was changed during the export")
					}
				}
			},
		},
		{
			name: "export stops at yield's error",
			says: "It stops at yield's first error and returns it.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "a", `{}`), item("widget", "b", `{}`))
				calls := 0
				err := p.Transfers.Export(p.ctx, p.acme, ports.Selection{},
					func(federation.Item) error {
						calls++
						return errCaller
					})
				p.equal(errors.Is(err, errCaller), true, "whether Export returns yield's error: %v",
					err)
				p.equal(calls, 1, "how often yield is called")
			},
		},
		{
			name: "export selects kinds",
			says: "only these kinds, unless empty; an undeclared kind is [tenancy.CodeInvalid]",
			prove: func(p *probe) {
				p.putReferenced()
				for _, sel := range [][]string{{"part"}, {"part", "part"}} {
					p.equal(refsOf(p.export(p.acme, ports.Selection{Kinds: sel})),
						[]federation.Ref{ref("part", "p1"), ref("part", "p2")}, "the kinds %v", sel)
				}
				p.equal(len(p.export(p.acme, ports.Selection{Kinds: []string{"widget", "maker"}})),
					2, "the number of widgets and makers")
				p.equal(len(p.export(p.acme, ports.Selection{Kinds: []string{}})), 5,
					"the number of all")
				for _, sel := range [][]string{{"gadget"}, {"part", "gadget"}, {""}, {"parts"}} {
					err := p.Transfers.Export(p.ctx, p.acme, ports.Selection{Kinds: sel},
						func(it federation.Item) error {
							p.fail("Export of the kinds %q yields %s", sel, format(it))
							return nil
						})
					p.code(err, tenancy.CodeInvalid, "Export of the kinds %q", sel)
				}
			},
		},
		{
			name: "export selects labels",
			says: "only items that have all these labels with these values",
			prove: func(p *probe) {
				p.put(p.acme,
					withLabels(item("widget", "1", `{}`), map[string]string{"a": "1", "b": "2"}),
					withLabels(item("maker", "2", `{}`), map[string]string{"a": "1"}),
					withLabels(item("widget", "3", `{}`), map[string]string{"a": "2"}))
				for want, sel := range map[string]ports.Selection{
					"[{maker 2} {widget 1}]": {Labels: map[string]string{"a": "1"}},
					"[{widget 1}]":           {Labels: map[string]string{"a": "1", "b": "2"}},
					"[]":                     {Labels: map[string]string{"a": "3"}},
					"[{widget 3}]": {Kinds: []string{"widget"},
						Labels: map[string]string{"a": "2"}},
				} {
					p.equal(fmt.Sprint(refsOf(p.export(p.acme, sel))), want, "Export(%+v)", sel)
				}
			},
		},
		{
			name: "export is reproducible",
			says: "Its zero value selects all.",
			prove: func(p *probe) {
				p.putReferenced()
				p.put(p.acme, normalForms()...)
				first, second := p.export(p.acme, ports.Selection{}),
					p.export(p.acme, ports.Selection{})
				p.equal(len(first), len(second), "the number of items")
				p.equal(bundleText(first), bundleText(second), "the second export")
			},
		},
	}
}

func refsOf(items []federation.Item) []federation.Ref {
	refs := []federation.Ref{}
	for _, it := range items {
		refs = append(refs, it.Ref)
	}
	return refs
}

// bundleText returns the items as lines of a bundle.
func bundleText(items []federation.Item) string {
	var text []byte
	for _, it := range items {
		text = append(it.AppendJSON(text), '\n')
	}
	return string(text)
}
