package portstest

import (
	"fmt"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func resourcesPut() []contractCase {
	return []contractCase{
		{
			name: "put creates, then replaces",
			says: "Put creates the item or replaces its labels and spec as a whole, and returns" +
				" the stored resource and whether it is new.",
			prove: func(p *probe) {
				p.putReferenced()
				first, created, err := p.Resources.Put(p.ctx, p.acme, withLabels(
					item("widget", "x",
						`{"size":1,"note":"n","parent":"w","parts":["p1"],`+
							`"description":"d","active":false}`),
					map[string]string{"team": "a", "tier": "t"}), ports.Condition{})
				p.ok(err, "the first Put")
				p.equal(created, true, "whether the first Put reports a new item")
				next := withLabels(item("widget", "x", `{"color":"blue","parts":["p2"]}`),
					map[string]string{"team": "b"})
				second, created, err := p.Resources.Put(p.ctx, p.acme, next, ports.Condition{})
				p.ok(err, "the second Put")
				p.equal(created, false, "whether the second Put reports a new item")
				p.sameContent(second.Item, p.normalized(next), "the result of the second Put")
				p.sameResource(p.get(p.acme, next.Ref), second, "the result of Get")
				p.equal(second.ID, first.ID, "the id")
				p.equal(first.ID != "", true, "whether the id isn't empty")
				p.equal(second.CreatedAt.Equal(first.CreatedAt), true, "whether CreatedAt is kept")
			},
		},
		{
			name: "no ring of references is stored",
			says: "if the item comes back to itself through a reference that isn't Cyclic, whatever" +
				" is written at once, it is [tenancy.CodeCyclicReference];",
			prove: func(p *probe) {
				put := func(name, base string) error {
					_, _, err := p.Resources.Put(p.ctx, p.acme,
						item("widget", name, `{"base":"`+base+`"}`), ports.Condition{})
					return err
				}
				p.code(put("self", "self"), tenancy.CodeCyclicReference, "Put of a ring of one")
				p.put(p.acme, item("widget", "a", `{}`), item("widget", "b", `{"base":"a"}`),
					item("widget", "c", `{"base":"b"}`), item("widget", "d", `{"base":"c"}`))
				before := p.get(p.acme, ref("widget", "a"))
				for _, base := range []string{"a", "b", "c", "d"} {
					err := put("a", base)
					p.code(err, tenancy.CodeCyclicReference, "Put of a ring through %s", base)
				}
				p.sameResource(p.get(p.acme, before.Ref), before, "the item after refused Puts")
				p.ok(put("d", "a"), "Put of a shorter chain")
				p.put(p.acme, item("widget", "x", `{}`), item("widget", "y", `{}`))
				errs := atOnce(2, func(i int) error {
					return put([]string{"x", "y"}[i], []string{"y", "x"}[i])
				})
				p.equal(countCodes(errs), map[tenancy.Code]int{"": 1, tenancy.CodeCyclicReference: 1},
					"the codes of two Puts that close a ring together")
			},
		},
		{
			name: "two spellings of a name are one item",
			says: "Names are stored in the form of [federation.NormalName]: two spellings of one" +
				" name are one item.",
			prove: func(p *probe) {
				const composed, decomposed = "caf\u00e9", "cafe\u0301"
				first := p.put(p.acme, item("maker", decomposed, `{}`))
				p.equal(first.Name, composed, "the stored name")
				second := p.put(p.acme, item("maker", composed, `{"description":"d"}`))
				p.equal(second.ID, first.ID, "the id after a Put of the other spelling")
				widget := p.put(p.acme, item("widget", "w", `{"maker":"`+decomposed+`"}`))
				p.code(p.Resources.Delete(p.ctx, p.acme, first.Ref, ports.Condition{}),
					tenancy.CodeReferenced, "Delete of the maker that the widget refers to")
				p.sameResource(p.get(p.acme, widget.Ref), widget, "the stored widget")
			},
		},
		{
			name: "put stores labels",
			says: "Put creates the item or replaces its labels and spec as a whole",
			prove: func(p *probe) {
				for _, labels := range []map[string]string{{"a": "1"}, {"b": "", "ключ": "ü"}, nil,
					{"c": "3"}, {}} {
					it := withLabels(item("widget", "w", `{}`), labels)
					p.sameContent(p.put(p.acme, it).Item, p.normalized(it), "the result of Put")
					p.sameContent(p.get(p.acme, it.Ref).Item, p.normalized(it), "the result of Get")
				}
			},
		},
		{
			name: "put counts versions and sets times",
			says: "It takes Ref, Labels and Spec from item; Version starts at 1 and grows by one;" +
				" UpdatedAt is the time of the write.",
			prove: func(p *probe) {
				it := item("widget", "w", `{}`)
				it.Version, it.UpdatedAt, it.Digest = 41, time.Unix(1, 0), "sha256:00"
				var before time.Time
				for n := range 4 {
					it.Spec = fmt.Appendf(nil, `{"size":%d}`, n)
					stored := p.put(p.acme, it)
					p.equal(stored.Version, int64(n+1), "the version")
					p.recent(stored.UpdatedAt, "UpdatedAt")
					p.recent(stored.CreatedAt, "CreatedAt")
					p.equal(stored.UpdatedAt.Before(before), false,
						"whether UpdatedAt %v is before the former UpdatedAt", stored.UpdatedAt)
					before = stored.UpdatedAt
				}
			},
		},
		{
			name: "unchanged put writes nothing",
			says: "If the stored item has these labels, this spec and these values of secrets" +
				" already, Put writes nothing, not even an audit entry, and returns the stored" +
				" resource with created = false.",
			prove: func(p *probe) {
				p.putReferenced()
				for _, it := range append(normalForms(),
					item("widget", "secret", `{"token":"hunter2"}`),
					item("settings", "default", `{}`)) {
					stored := p.put(p.acme, it)
					entries := len(p.actions(p.acme, ""))
					again := it
					for range 2 {
						got, created, err := p.Resources.Put(p.ctx, p.acme, again,
							ports.Condition{})
						p.ok(err, "Put of %s again", format(again))
						p.equal(created, false, "whether an unchanged Put reports a new item")
						p.sameResource(got, stored, "the result of an unchanged Put")
						again = got.Item // as a client sends back what it got
					}
					p.sameResource(p.get(p.acme, it.Ref), stored, "the stored resource")
					p.equal(len(p.actions(p.acme, "")), entries, "the number of audit entries")
				}
				_, _, err := p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{}`),
					ports.Condition{Absent: true})
				p.code(err, tenancy.CodeAlreadyExists, "an unchanged Put that must create")
				_, _, err = p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{}`),
					ports.Condition{Version: 9})
				p.code(err, tenancy.CodeVersionMismatch, "an unchanged Put over another version")
			},
		},
		{
			name: "put of another secret value is a change",
			says: "If the stored item has these labels, this spec and these values of secrets" +
				" already, Put writes nothing",
			prove: func(p *probe) {
				first := p.put(p.acme, item("widget", "w", `{"token":"one"}`))
				second := p.put(p.acme, item("widget", "w", `{"token":"two"}`))
				p.equal(second.Version, first.Version+1, "the version")
				p.wantSecret(p.acme, tokenName, "two")
			},
		},
		{
			name: "put replaces a singleton",
			says: "Put creates the item or replaces its labels and spec as a whole",
			prove: func(p *probe) {
				stored, created, err := p.Resources.Put(p.ctx, p.acme,
					item("settings", "default", `{"mode":"open"}`), ports.Condition{})
				p.ok(err, "Put of the settings")
				p.equal(created, false, "whether Put reports a new item")
				p.equal(stored.Version, int64(2), "the version")
				p.sameResource(p.get(p.acme, stored.Ref), stored, "the result of Get")
			},
		},
		{
			name: "put refuses an item that doesn't fit its kind",
			says: "If the item doesn't fit its kind, Put returns the error of" +
				" [federation.Kinds.Check]",
			prove: func(p *probe) {
				for _, it := range invalidItems() {
					_, says := p.Kinds.Check(it)
					_, _, err := p.Resources.Put(p.ctx, p.acme, it, ports.Condition{})
					p.code(err, tenancy.CodeOf(says), "Put(%s)", format(it))
					if says == nil {
						p.fail("Kinds.Check(%s) = nil; want an error", format(it))
					}
				}
				p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget"}), []string{},
					"the widgets")
			},
		},
		{
			name: "put refuses a dangling reference",
			says: "a reference to an item that the tenant doesn't have, even if another tenant" +
				" has one of that name, is [tenancy.CodeDanglingReference], with each place in" +
				" Details",
			isolates: []string{"Resources.Put"},
			prove: func(p *probe) {
				p.put(p.globex, item("maker", "theirs", `{}`), item("part", "theirs", `{}`),
					item("widget", "theirs", `{}`))
				p.put(p.acme, item("part", "ours", `{}`),
					item("maker", "part named as a maker", `{}`))
				_, _, err := p.Resources.Put(p.ctx, p.acme, item("widget", "w",
					`{"maker":"theirs","parent":"theirs",`+
						`"parts":["ours","theirs","part named as a maker"],`+
						`"subject":{"kind":"part","name":"theirs"}}`),
					ports.Condition{})
				p.code(err, tenancy.CodeDanglingReference, "Put")
				p.equal(detailPaths(err), []string{"/spec/maker", "/spec/parent", "/spec/parts/1",
					"/spec/parts/2", "/spec/subject"}, "the paths in Details")
				p.noResource(p.acme, ref("widget", "w"), "after Put was refused")
				p.put(p.globex, item("widget", "w", `{"maker":"theirs","parts":["theirs"]}`))
				p.noResource(p.acme, ref("widget", "w"), "after globex put one")
			},
		},
		{
			name: "put stores references",
			says: "a reference to an item that the tenant doesn't have",
			prove: func(p *probe) {
				p.putReferenced()
				it := item("widget", "all of them",
					`{"maker":"m","parent":"w","parts":["p2","p1"],`+
						`"subject":{"kind":"maker","name":"m"}}`)
				p.sameContent(p.put(p.acme, it).Item, p.normalized(it), "the result of Put")
				itself := item("widget", "itself", `{"parent":"itself"}`)
				p.sameContent(p.put(p.acme, itself).Item, p.normalized(itself),
					"a widget that is its own parent")
				p.put(p.acme, item("widget", "w", `{"parent":"all of them"}`))
				p.sameContent(p.get(p.acme, it.Ref).Item, p.normalized(it),
					"a widget whose parent's parent it is")
			},
		},
		{
			name: "failed put writes nothing",
			says: "On an error nothing is written.",
			prove: func(p *probe) {
				before := p.put(p.acme, withLabels(item("widget", "w", `{"size":1}`),
					map[string]string{"a": "b"}))
				wrong := []federation.Item{
					item("widget", "w", `{"size":2,"maker":"missing"}`),
					item("widget", "w", `{"size":-1}`),
					item("widget", "w", `{"size":2,"parts":["w"]}`),
				}
				for _, it := range wrong {
					if _, _, err := p.Resources.Put(p.ctx, p.acme, it,
						ports.Condition{}); err == nil {
						p.fail("Put(%s) = nil; want an error", format(it))
					}
				}
				if _, _, err := p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{"size":2}`),
					ports.Condition{Version: 7}); err == nil {
					p.fail("Put with a condition that doesn't hold = nil; want an error")
				}
				p.sameResource(p.get(p.acme, before.Ref), before, "the stored resource")
			},
		},
		{
			name: "concurrent puts count versions one by one",
			says: "Version starts at 1 and grows by one",
			prove: func(p *probe) {
				const writers = 20
				versions, news := make([]int64, writers), make([]bool, writers)
				errs := atOnce(writers, func(i int) (err error) {
					var stored federation.Resource
					stored, news[i], err = p.Resources.Put(p.ctx, p.acme,
						item("widget", "w", fmt.Sprintf(`{"size":%d}`, i)), ports.Condition{})
					versions[i] = stored.Version
					return err
				})
				for _, err := range errs {
					p.ok(err, "one of %d Puts at once", writers)
				}
				slices.Sort(versions)
				for i, version := range versions {
					p.equal(version, int64(i+1), "the %dth version answered", i+1)
				}
				created := slices.DeleteFunc(news, func(isNew bool) bool { return !isNew })
				p.equal(len(created), 1, "the number of Puts that report a new item")
				p.equal(p.get(p.acme, ref("widget", "w")).Version, int64(writers),
					"the stored version")
			},
		},
		{
			name: "concurrent put and delete leave no dangling reference",
			says: "a reference to an item that the tenant doesn't have",
			prove: func(p *probe) {
				for n := range 10 {
					maker, widget := item("maker", fmt.Sprint(n), `{}`),
						item("widget", fmt.Sprint(n), fmt.Sprintf(`{"maker":"%d"}`, n))
					p.put(p.acme, maker)
					atOnce(2, func(i int) error {
						if i == 0 {
							return p.Resources.Delete(p.ctx, p.acme, maker.Ref, ports.Condition{})
						}
						_, _, err := p.Resources.Put(p.ctx, p.acme, widget, ports.Condition{})
						return err
					})
					if _, err := p.Resources.Get(p.ctx, p.acme, widget.Ref); err == nil {
						p.get(p.acme, maker.Ref)
					}
				}
			},
		},
	}
}

// invalidItems returns items that their kinds refuse.
func invalidItems() []federation.Item {
	return []federation.Item{
		item("widget", "", `{}`),
		item("widget", " w", `{}`),
		item("widget", "a\x00b", `{}`),
		item("widget", "\xff", `{}`),
		item("widget", "w", ``),
		item("widget", "w", `[]`),
		item("widget", "w", `{"a":1,"a":2}`),
		item("widget", "w", `{"a":1} {}`),
		item("widget", "w", `{"a":"\u0000"}`),
		item("widget", "w", `{"n":12345678901234567890}`),
		item("widget", "w", `{"size":"1"}`),
		item("widget", "w", `{"size":1.5}`),
		item("widget", "w", `{"size":1000001}`),
		item("widget", "w", `{"color":"pink"}`),
		item("widget", "w", `{"active":"yes"}`),
		item("widget", "w", `{"maker":{"kind":"maker","name":"m"}}`),
		item("widget", "w", `{"parts":"p"}`),
		item("widget", "w", `{"parts":["p","p"]}`),
		item("widget", "w", `{"subject":"m"}`),
		item("widget", "w", `{"subject":{"kind":"widget","name":"w"}}`),
		item("settings", "other", `{}`),
		withLabels(item("widget", "w", `{}`), map[string]string{"": "v"}),
		withLabels(item("widget", "w", `{}`), map[string]string{"k": "\x00"}),
	}
}
