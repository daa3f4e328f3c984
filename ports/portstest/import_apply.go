package portstest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func importApply() []contractCase {
	return []contractCase{
		{
			name: "apply writes the decided items",
			says: "Apply writes what was decided",
			prove: func(p *probe) {
				p.put(p.acme, withLabels(
					item("widget", "there", `{"size":1,"note":"n","parts":[]}`),
					map[string]string{"a": "b"}))
				incoming := append(normalForms(), item("maker", "m", `{}`),
					item("part", "p1", `{}`), item("part", "p2", `{}`), item("widget", "w", `{}`),
					withLabels(item("widget", "there", `{"color":"red","parts":["p2"]}`),
						map[string]string{"c": "d"}))
				seen := map[federation.Ref]int{}
				_, err := p.importWith(p.ctx, p.acme,
					func(it federation.Item) (ports.Decision, error) {
						seen[it.Ref]++
						return writeAll(it)
					}, incoming...)
				p.ok(err, "Import")
				for _, it := range incoming {
					p.equal(seen[it.Ref], 1, "the number of decisions about %s %q", it.Kind,
						it.Name)
					p.sameContent(p.get(p.acme, it.Ref).Item, p.normalized(it), "the stored item")
				}
				p.equal(len(seen), len(incoming), "the number of decided items")
			},
		},
		{
			name: "apply refuses a ring of references",
			says: "An item that this import writes and that comes back to itself through a" +
				" reference that isn't Cyclic is [tenancy.CodeCyclicReference] with the same paths.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "a", `{}`), item("widget", "b", `{"base":"a"}`))
				for _, incoming := range [][]federation.Item{
					{item("widget", "self", `{"base":"self"}`)},
					{item("widget", "x", `{"base":"y"}`), item("widget", "y", `{"base":"z"}`),
						item("widget", "z", `{"base":"x"}`)},
					{item("widget", "a", `{"base":"b"}`)}, // through a stored item
				} {
					_, err := p.importItems(p.acme, incoming...)
					p.code(err, tenancy.CodeCyclicReference, "Import of a ring")
					e, _ := errors.AsType[*tenancy.Error](err)
					p.equal(e.Details[0].Path, incoming[0].Pointer()+"/spec/base", "the path")
				}
				_, err := p.importItems(p.acme, item("widget", "c", `{"base":"b"}`),
					item("widget", "d", `{"base":"c"}`))
				p.ok(err, "Import of a chain")
			},
		},
		{
			name: "zero decision leaves the item out",
			says: "The zero Decision leaves it out.",
			prove: func(p *probe) {
				before := p.put(p.acme, item("widget", "there", `{"size":1}`))
				_, err := p.importWith(p.ctx, p.acme,
					func(federation.Item) (ports.Decision, error) {
						return ports.Decision{}, nil
					}, item("widget", "there", `{"size":2}`), item("widget", "new", `{}`),
					item("settings", "default", `{"mode":"open"}`))
				p.ok(err, "Import")
				p.noResource(p.acme, ref("widget", "new"), "after it was left out")
				p.sameResource(p.get(p.acme, before.Ref), before,
					"the stored item that was left out")
				p.equal(p.isPristine(p.acme), true,
					"whether settings that were left out are pristine")
			},
		},
		{
			name: "decision creates or overwrites",
			says: "Write creates or overwrites the item.",
			prove: func(p *probe) {
				before := p.put(p.acme, item("widget", "there", `{"size":1}`))
				_, err := p.importItems(p.acme, item("widget", "there", `{"size":2}`),
					item("widget", "new", `{}`))
				p.ok(err, "Import")
				after := p.get(p.acme, before.Ref)
				p.equal(after.ID, before.ID, "the id of the overwritten item")
				p.equal(after.CreatedAt.Equal(before.CreatedAt), true,
					"whether its CreatedAt is kept")
				created := p.get(p.acme, ref("widget", "new"))
				p.equal(created.ID != "" && created.ID != before.ID, true,
					"whether the created item has a new id")
				p.recent(created.CreatedAt, "CreatedAt of the created item")
			},
		},
		{
			name: "decision renames",
			says: "what is written: the staged item, perhaps renamed and with references" +
				" rewritten",
			prove: func(p *probe) {
				before := p.put(p.acme, item("widget", "w", `{"size":1}`))
				rename := func(r federation.Ref) federation.Ref {
					if r == before.Ref {
						r.Name = "w (2)"
					}
					return r
				}
				_, err := p.importWith(p.ctx, p.acme,
					func(it federation.Item) (ports.Decision, error) {
						renamed, err := p.Kinds.Rewrite(it, rename)
						if err != nil {
							return ports.Decision{}, err
						}
						renamed.Ref = rename(renamed.Ref)
						renamed, err = renamed.Seal()
						return ports.Decision{Write: true, Item: renamed}, err
					}, item("widget", "w", `{"size":2,"parent":"w"}`),
					item("widget", "child", `{"parent":"w"}`))
				p.ok(err, "Import")
				p.sameResource(p.get(p.acme, before.Ref), before, "the item whose name was taken")
				p.sameContent(p.get(p.acme, ref("widget", "w (2)")).Item,
					p.normalized(item("widget", "w (2)", `{"size":2,"parent":"w (2)"}`)),
					"the renamed item")
				p.sameContent(p.get(p.acme, ref("widget", "child")).Item,
					p.normalized(item("widget", "child", `{"parent":"w (2)"}`)),
					"the item that refers to it")
				p.equal(len(p.export(p.acme, ports.Selection{Kinds: []string{"widget"}})), 3,
					"the number of widgets")
			},
		},
		{
			name: "two decisions can't write one item",
			says: "Two decisions that write one ref, and a rename to the ref of another staged" +
				" item that the source still has under that name, are [tenancy.CodeInvalid].",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "b", `{"size":1}`))
				for name, renamed := range map[string]map[string]string{
					"two renames":                          {"a": "c", "b": "c"},
					"the name of a written item":           {"a": "b"},
					"the name of an item that is left out": {"a": "b", "b": ""},
				} {
					_, err := p.importWith(p.ctx, p.acme,
						func(it federation.Item) (ports.Decision, error) {
							to, ok := renamed[it.Name]
							if ok {
								it.Name = to
							}
							it, err := it.Seal()
							return ports.Decision{Write: to != "" || !ok, Item: it}, err
						}, item("widget", "a", `{}`), item("widget", "b", `{}`))
					p.code(err, tenancy.CodeInvalid, "Import with %s", name)
				}
				p.noResource(p.acme, ref("widget", "c"), "after that")
			},
		},
		{
			name: "decide's error ends the import",
			says: "if fn returns an error, nothing is stored",
			prove: func(p *probe) {
				_, err := p.importWith(p.ctx, p.acme,
					func(it federation.Item) (ports.Decision, error) {
						if it.Name == "b" {
							return ports.Decision{}, errCaller
						}
						return writeAll(it)
					}, item("widget", "a", `{}`), item("widget", "b", `{}`))
				p.equal(errors.Is(err, errCaller), true,
					"whether Import returns decide's error: %v", err)
				p.noResource(p.acme, ref("widget", "a"), "after that")
			},
		},
		{
			name: "apply returns missing secrets",
			says: "Apply returns the references to secrets whose value is missing from the" +
				" tenant's vault, sorted: those of the written items, and of the target's items" +
				" that the decisions leave as they are.",
			prove: func(p *probe) {
				p.setSecret(p.acme, "set", "v")
				p.put(p.acme, item("widget", "not imported", `{"token":{"$secret":"missing"}}`))
				uses, err := p.importWith(p.ctx, p.acme,
					func(it federation.Item) (ports.Decision, error) {
						return ports.Decision{Write: it.Name != "left out", Item: it}, nil
					},
					item("widget", "z", `{"token":{"$secret":"one"}}`),
					item("widget", "a", `{"token":{"$secret":"two"}}`),
					item("widget", "b", `{"token":{"$secret":"one"}}`),
					item("widget", "has it", `{"token":{"$secret":"set"}}`),
					item("widget", "none", `{}`),
					item("widget", "left out", `{"token":{"$secret":"three"}}`))
				p.ok(err, "Import")
				p.equal(uses, []federation.SecretUse{
					{Kind: "widget", Name: "a", Path: "/spec/token", Secret: "two"},
					{Kind: "widget", Name: "b", Path: "/spec/token", Secret: "one"},
					{Kind: "widget", Name: "z", Path: "/spec/token", Secret: "one"},
				}, "the missing secrets")
				p.sameContent(p.get(p.acme, ref("widget", "z")).Item,
					p.normalized(item("widget", "z", `{"token":{"$secret":"one"}}`)),
					"an item with a missing secret")
				keep := func(it federation.Item) (ports.Decision, error) {
					return ports.Decision{Item: it}, nil
				}
				uses, err = p.importWith(p.ctx, p.acme, keep,
					item("widget", "z", `{"token":{"$secret":"one"}}`),
					item("widget", "a", `{"token":{"$secret":"other"}}`))
				p.ok(err, "Import that keeps the target's items")
				p.equal(uses, []federation.SecretUse{
					{Kind: "widget", Name: "a", Path: "/spec/token", Secret: "two"},
					{Kind: "widget", Name: "z", Path: "/spec/token", Secret: "one"},
				}, "the missing secrets of the items that were kept")
				p.setSecret(p.acme, "one", "v")
				p.setSecret(p.acme, "two", "v")
				uses, err = p.importItems(p.acme,
					item("widget", "a", `{"token":{"$secret":"two"}}`))
				p.ok(err, "the second Import")
				p.equal(len(uses), 0, "the number of missing secrets after they were set")
			},
		},
		{
			name: "apply writes 2000 items",
			says: "if fn returns nil, everything that it did is stored",
			prove: func(p *probe) {
				var items []federation.Item
				for n := range 2000 {
					items = append(items, item("widget", fmt.Sprintf("w%04d", n),
						fmt.Sprintf(`{"size":%d,"parent":"w%04d"}`, n, (n+1)%2000)))
				}
				order := rand.New(rand.NewPCG(1, 2))
				order.Shuffle(len(items),
					func(i, j int) { items[i], items[j] = items[j], items[i] })
				_, err := p.importItems(p.acme, items...)
				p.ok(err, "Import")
				exported := p.export(p.acme, ports.Selection{Kinds: []string{"widget"}})
				_, err = p.importItems(p.globex, exported...)
				p.ok(err, "Import of the export")
				p.equal(len(exported), len(items), "the number of items")
				same := bundleText(exported) == bundleText(
					p.export(p.globex, ports.Selection{Kinds: []string{"widget"}}))
				p.equal(same, true, "whether the export of the import is the export")
			},
		},
	}
}

func importReferences() []contractCase {
	const says = "A reference to an item that neither the target has nor this import writes is" +
		" [tenancy.CodeDanglingReference] with each place in Details (at most 100), whose paths" +
		" begin with /KIND/NAME."
	return []contractCase{
		{
			name: "reference cycle is imported",
			says: "Apply writes what was decided",
			prove: func(p *probe) {
				items := []federation.Item{
					item("widget", "itself", `{"parent":"itself"}`),
					item("widget", "a", `{"parent":"b"}`), item("widget", "b", `{"parent":"a"}`),
				}
				for range 2 {
					_, err := p.importItems(p.acme, items...)
					p.ok(err, "Import")
					for _, it := range items {
						p.sameContent(p.get(p.acme, it.Ref).Item, p.normalized(it),
							"the stored item")
					}
				}
			},
		},
		{
			name: "reference to a stored item is imported",
			says: says,
			prove: func(p *probe) {
				p.putReferenced()
				it := item("widget", "new",
					`{"maker":"m","parent":"w","parts":["p2","p1"],`+
						`"subject":{"kind":"part","name":"p1"}}`)
				_, err := p.importItems(p.acme, it)
				p.ok(err, "Import")
				p.sameContent(p.get(p.acme, it.Ref).Item, p.normalized(it), "the stored item")
				p.wantReferrers(ref("maker", "m"), it.Ref)
			},
		},
		{
			name: "dangling reference is refused",
			says: says,
			prove: func(p *probe) {
				p.put(p.acme, item("part", "p", `{}`), item("maker", "x", `{}`))
				before := bundleText(p.export(p.acme, ports.Selection{}))
				_, err := p.importItems(p.acme,
					item("maker", "new", `{}`), item("widget", "fine", `{"maker":"new"}`),
					item("widget", "a/b~c",
						`{"parts":["p","x"],"subject":{"kind":"part","name":"y"}}`),
					item("settings", "default", `{"maker":"missing"}`))
				p.code(err, tenancy.CodeDanglingReference, "Import")
				p.equal(detailPaths(err), []string{"/settings/default/spec/maker",
					"/widget/a~1b~0c/spec/parts/1", "/widget/a~1b~0c/spec/subject"},
					"the paths in Details")
				p.equal(bundleText(p.export(p.acme, ports.Selection{})), before,
					"the export afterwards")
			},
		},
		{
			name: "at most 100 dangling references are listed",
			says: says,
			prove: func(p *probe) {
				var items []federation.Item
				for n := range 150 {
					items = append(items, item("widget", fmt.Sprint(n), `{"maker":"missing"}`))
				}
				_, err := p.importItems(p.acme, items...)
				p.code(err, tenancy.CodeDanglingReference, "Import")
				found := detailPaths(err)
				p.equal(len(slices.Compact(found)), 100, "the number of places in Details")
			},
		},
		{
			name: "reference to a left-out item is refused",
			says: says,
			prove: func(p *probe) {
				_, err := p.importWith(p.ctx, p.acme,
					func(it federation.Item) (ports.Decision, error) {
						return ports.Decision{Write: it.Kind == "widget", Item: it}, nil
					}, item("maker", "left out", `{}`), item("widget", "w", `{"maker":"left out"}`))
				p.code(err, tenancy.CodeDanglingReference, "Import")
				p.equal(detailPaths(err), []string{"/widget/w/spec/maker"}, "the paths in Details")
				p.noResource(p.acme, ref("widget", "w"), "after that")
			},
		},
	}
}
