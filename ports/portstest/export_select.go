package portstest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// exportSelection returns the cases of names and references in a [ports.Selection].
func exportSelection() []contractCase {
	return []contractCase{
		{
			name: "export selects names",
			says: "only items with one of these names, unless empty",
			prove: func(p *probe) {
				p.put(p.acme, item("maker", "a", `{}`), item("part", "b", `{}`),
					withLabels(item("widget", "a", `{}`), map[string]string{"k": "v"}),
					item("widget", "é", `{}`))
				for want, sel := range map[string]ports.Selection{
					"[{maker a} {widget a}]":          {Names: []string{"a"}},
					"[{maker a} {part b} {widget a}]": {Names: []string{"b", "a", "b"}},
					"[{widget a}]":                    {Names: []string{"a"}, Labels: map[string]string{"k": "v"}},
					"[{maker a}]":                     {Names: []string{"a"}, Kinds: []string{"maker", "part"}},
					"[{settings default} {widget é}]": {Names: []string{"default", "é"}},
					"[{maker a} {part b} {settings default} {widget a} {widget é}]": {
						Names: []string{}},
				} {
					p.equal(fmt.Sprint(refsOf(p.export(p.acme, sel))), want, "Export(%+v)", sel)
				}
				for _, name := range trickyNames() {
					p.put(p.acme, item("part", name, `{}`))
					sel := ports.Selection{Kinds: []string{"part"}, Names: []string{name}}
					p.equal(refsOf(p.export(p.acme, sel)), []federation.Ref{ref("part", name)},
						"Export(%+v)", sel)
				}
			},
		},
		{
			name: "export of a missing name is refused",
			says: "a name that no selected item has is [tenancy.CodeNotFound] with the member" +
				` "names" ([]string, sorted), before yield is called`,
			prove: func(p *probe) {
				p.put(p.acme, withLabels(item("widget", "a", `{"maker":null}`),
					map[string]string{"k": "v"}), item("part", "p", `{}`))
				p.put(p.globex, item("widget", "theirs", `{}`))
				for _, missing := range []string{"none", "theirs", "A", "a ", "", "a\x00", "\x00a",
					"\xff", "%", "a' OR true --", "?", "e\u0301", strings.Repeat("a", 100_000)} {
					p.refusesNames(ports.Selection{Names: []string{"a", missing, missing}}, missing)
				}
				p.refusesNames(ports.Selection{Names: []string{"z", "a", "y"}}, "y", "z")
				p.refusesNames(ports.Selection{Names: []string{"a"}, Kinds: []string{"part"}}, "a")
				p.refusesNames(ports.Selection{Names: []string{"a", "p"},
					Labels: map[string]string{"k": "v"}}, "p")
				p.refusesNames(ports.Selection{Names: []string{"default"},
					Kinds: []string{"widget"}}, "default")
			},
		},
		{
			name: "export adds references",
			says: "also every item to which a selected one refers, directly or through others," +
				" whatever its kind, its name and its labels",
			prove: func(p *probe) {
				p.putReferences()
				// the widgets a, b and c are a ring through parent, and b refers to itself
				const ring = "{widget a} {widget b} {widget c}"
				for want, sel := range map[string]ports.Selection{
					"[{maker m} {part p} {part q} " + ring + "]": {Names: []string{"a"}},
					"[{maker m} {maker n} {part p} {part q} {part r} " + ring + " {widget d}]": {
						Kinds: []string{"widget"}, Labels: map[string]string{"k": "v"}},
					"[{maker n} {part r}]":            {Names: []string{"r", "n"}},
					"[{maker n} {settings default}]":  {Kinds: []string{"settings"}},
					"[{widget lone}]":                 {Names: []string{"lone"}},
					"[{maker m} {maker n} {maker o}]": {Kinds: []string{"maker"}},
					"[]":                              {Labels: map[string]string{"k": "none"}},
				} {
					sel.WithReferences = true
					p.equal(fmt.Sprint(refsOf(p.export(p.acme, sel))), want, "Export(%+v)", sel)
				}
				all := ports.Selection{WithReferences: true}
				p.equal(bundleText(p.export(p.acme, all)),
					bundleText(p.export(p.acme, ports.Selection{})), "the export of all items")
				p.refusesNames(ports.Selection{Names: []string{"p"}, Kinds: []string{"widget"},
					WithReferences: true}, "p")
			},
		},
		{
			name:     "export adds references of one tenant",
			says:     "also every item to which a selected one refers",
			isolates: []string{"Transfers.Export"},
			prove: func(p *probe) {
				p.putReferences()
				p.put(p.globex, item("maker", "m", `{}`),
					item("widget", "a", `{"description":"theirs","maker":"m"}`))
				sel := ports.Selection{Names: []string{"a"}, WithReferences: true}
				p.equal(refsOf(p.export(p.globex, sel)), []federation.Ref{ref("maker", "m"),
					ref("widget", "a")}, "globex's export")
				for _, it := range p.export(p.acme, sel) {
					p.noLeak(it, "theirs")
				}
			},
		},
	}
}

// putReferences stores items of acme that refer to each other.
func (p *probe) putReferences() {
	label := map[string]string{"k": "v"}
	p.put(p.acme, item("maker", "m", `{}`), item("maker", "n", `{}`), item("maker", "o", `{}`),
		item("part", "p", `{}`), item("part", "q", `{}`), item("part", "r", `{}`),
		item("part", "s", `{}`), item("settings", "default", `{"maker":"n"}`),
		item("widget", "lone", `{}`), item("widget", "c", `{"maker":"m","parts":["q","p"]}`),
		item("widget", "b", `{"parent":"b","base":"c","token":"hunter2"}`),
		item("widget", "a", `{"parent":"b","subject":{"kind":"part","name":"q"}}`),
		item("widget", "c", `{"maker":"m","parts":["q","p"],"parent":"a"}`),
		withLabels(item("widget", "d",
			`{"base":"a","parts":["r"],"subject":{"kind":"maker","name":"n"}}`), label))
}

// refusesNames requires that an export of acme names these names as missing.
func (p *probe) refusesNames(sel ports.Selection, missing ...string) {
	err := p.Transfers.Export(p.ctx, p.acme, sel, func(it federation.Item) error {
		p.fail("Export(%+v) yields %s", sel, format(it))
		return nil
	})
	p.code(err, tenancy.CodeNotFound, "Export(%+v)", sel)
	if e, ok := errors.AsType[*tenancy.Error](err); ok {
		p.equal(e.Members["names"], missing, "the missing names of Export(%+v)", sel)
	}
}
