package portstest

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func resourcesSuite() []contractCase {
	return slices.Concat(resourcesAll(), resourcesGet(), resourcesList(), resourcesPut(),
		resourcesSecrets(), resourcesConditions(), resourcesQuota(), resourcesDelete(),
		resourcesReferrers(), resourcesSecretUses())
}

func resourcesAll() []contractCase {
	return []contractCase{
		{
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				w := p.put(p.acme, item("widget", "w", `{}`)).Ref
				_, err := p.Resources.Get(p.ctx, tenancy.ID{}, w)
				p.code(err, tenancy.CodeNoTenant, "Get")
				_, err = p.Resources.List(p.ctx, tenancy.ID{},
					ports.ResourceQuery{Kind: "widget", Limit: 1})
				p.code(err, tenancy.CodeNoTenant, "List")
				_, _, err = p.Resources.Put(p.ctx, tenancy.ID{}, item("widget", "w", `{}`),
					ports.Condition{})
				p.code(err, tenancy.CodeNoTenant, "Put")
				p.code(p.Resources.Delete(p.ctx, tenancy.ID{}, w, ports.Condition{}),
					tenancy.CodeNoTenant, "Delete")
				_, err = p.Resources.Referrers(p.ctx, tenancy.ID{}, w, federation.Ref{}, 1)
				p.code(err, tenancy.CodeNoTenant, "Referrers")
				_, err = p.Resources.Count(p.ctx, tenancy.ID{}, map[string]int64{"widget": 1})
				p.code(err, tenancy.CodeNoTenant, "Count")
				p.get(p.acme, w)
			},
		},
		{
			name: "undeclared kind is refused",
			says: "An undeclared kind is [tenancy.CodeNotFound] in every method.",
			prove: func(p *probe) {
				for _, kind := range []string{"gadget", "", "Widget", "widgets", "tenants",
					`widget"; --`} {
					_, err := p.Resources.Get(p.ctx, p.acme, ref(kind, "w"))
					p.code(err, tenancy.CodeNotFound, "Get of a %q", kind)
					_, err = p.Resources.List(p.ctx, p.acme,
						ports.ResourceQuery{Kind: kind, Limit: 1})
					p.code(err, tenancy.CodeNotFound, "List of the kind %q", kind)
					_, _, err = p.Resources.Put(p.ctx, p.acme, item(kind, "w", `{}`),
						ports.Condition{})
					p.code(err, tenancy.CodeNotFound, "Put of a %q", kind)
					err = p.Resources.Delete(p.ctx, p.acme, ref(kind, "w"), ports.Condition{})
					p.code(err, tenancy.CodeNotFound, "Delete of a %q", kind)
					_, err = p.Resources.Count(p.ctx, p.acme,
						map[string]int64{"widget": 1, kind: 1})
					p.code(err, tenancy.CodeNotFound, "Count of the kind %q", kind)
				}
			},
		},
		{
			name: "installation's id is a UUID",
			says: "the installation's id, a UUID",
			prove: func(p *probe) {
				_, err := tenancy.ParseID(p.Instance)
				p.ok(err, "reading Services.Instance %q as a UUID", p.Instance)
			},
		},
		{
			name: "store has the declared kinds",
			says: "of the kinds that the store was created with.",
			prove: func(p *probe) {
				for _, kind := range Kinds() {
					_, ok := p.Kinds.Kind(kind.Name)
					p.equal(ok, true, "whether Services.Kinds has %s", kind.Name)
				}
				p.equal(len(p.Kinds.All()), len(Kinds()), "the number of kinds")
			},
		},
	}
}

func resourcesGet() []contractCase {
	return []contractCase{
		{
			name: "get returns the stored item",
			says: "Get returns the resource",
			prove: func(p *probe) {
				p.putReferenced()
				for _, it := range normalForms() {
					stored := p.put(p.acme, it)
					p.sameContent(stored.Item, p.normalized(it), "the result of Put")
					p.sameResource(p.get(p.acme, it.Ref), stored, "the result of Get")
				}
			},
		},
		{
			name: "get matches the exact name",
			says: "Get returns the resource",
			prove: func(p *probe) {
				for _, name := range trickyNames() {
					p.put(p.acme, item("widget", name, `{}`))
				}
				for _, name := range trickyNames() {
					got := p.get(p.acme, ref("widget", name))
					p.equal(got.Name, name, "the name")
					p.equal(got.Version, int64(1), "the version of %q, which was put once", name)
				}
				p.equal(len(p.names(p.acme, ports.ResourceQuery{Kind: "widget"})),
					len(trickyNames()), "the number of widgets")
			},
		},
		{
			name: "get returns one tenant's resource",
			says: "[tenancy.CodeNotFound] if the tenant has none of that name, even if another" +
				" tenant has one.",
			isolates: []string{"Resources.Get"},
			prove: func(p *probe) {
				w := p.put(p.acme, item("widget", "w", `{"size":1}`)).Ref
				p.noResource(p.globex, w, "of globex, when acme has it")
				p.noResource(tenancy.DefaultID, w, "of the default tenant, when acme has it")
				p.put(p.globex, item("widget", "w", `{"size":2}`))
				p.sameContent(p.get(p.acme, w).Item,
					p.normalized(item("widget", "w", `{"size":1}`)),
					"acme's widget")
				p.sameContent(p.get(p.globex, w).Item,
					p.normalized(item("widget", "w", `{"size":2}`)),
					"globex's widget")
				p.noResource(p.acme, ref("maker", "w"), "of another kind")
				p.noResource(p.acme, ref("widget", "W"), "in another case")
				p.noResource(p.acme, ref("widget", ""), "without a name")
			},
		},
		{
			name: "returned items are copies",
			says: "Get returns the resource",
			prove: func(p *probe) {
				input := withLabels(item("widget", "w", `{"size":1}`),
					map[string]string{"team": "a"})
				want := p.normalized(withLabels(item("widget", "w", `{"size":1}`),
					map[string]string{"team": "a"}))
				stored := p.put(p.acme, input)
				for _, it := range []federation.Item{
					input, stored.Item, p.get(p.acme, input.Ref).Item} {
					overwrite(it.Spec)
					if it.Labels != nil {
						it.Labels["team"] = "b"
					}
				}
				p.sameContent(p.get(p.acme, input.Ref).Item, want, "the stored item")
			},
		},
	}
}

func resourcesList() []contractCase {
	return []contractCase{
		{
			name: "list is in the order of names",
			says: "List returns at most q.Limit resources of one kind in the order of their" +
				" names, byte by byte.",
			prove: func(p *probe) {
				p.put(p.acme, item("maker", "other kind", `{}`))
				for _, name := range trickyNames() {
					p.put(p.acme, item("widget", name, `{}`))
				}
				all := slices.Sorted(slices.Values(trickyNames()))
				p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget"}), all, "all names")
				p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget", Limit: 3}), all[:3],
					"the first three")
			},
		},
		{
			name: "list returns whole resources",
			says: "List returns at most q.Limit resources of one kind",
			prove: func(p *probe) {
				p.putReferenced()
				want := map[string]federation.Resource{}
				for _, it := range normalForms() {
					want[it.Kind+"/"+it.Name] = p.put(p.acme, it)
				}
				for _, kind := range []string{"widget", "part"} {
					found, err := p.Resources.List(p.ctx, p.acme,
						ports.ResourceQuery{Kind: kind, Limit: 100})
					p.ok(err, "List")
					for _, r := range found {
						if stored, ok := want[r.Kind+"/"+r.Name]; ok {
							p.sameResource(r, stored, "a listed resource")
							delete(want, r.Kind+"/"+r.Name)
						}
					}
				}
				p.equal(len(want), 0, "the number of resources that weren't listed")
			},
		},
		{
			name:     "list returns one tenant's resources",
			says:     "Resources stores the items of a tenant",
			isolates: []string{"Resources.List"},
			prove: func(p *probe) {
				p.put(p.acme, withLabels(item("widget", "a", `{"description":"x"}`),
					map[string]string{"k": "v"}))
				p.put(p.globex, withLabels(item("widget", "b", `{"description":"x"}`),
					map[string]string{"k": "v"}))
				for _, q := range []ports.ResourceQuery{
					{Kind: "widget"}, {Kind: "widget", Search: "x"},
					{Kind: "widget", Labels: map[string]string{"k": "v"}},
					{Kind: "widget", After: "0"},
				} {
					p.equal(p.names(p.acme, q), []string{"a"}, "acme's %+v", q)
					p.equal(p.names(p.globex, q), []string{"b"}, "globex's %+v", q)
					p.equal(p.names(tenancy.DefaultID, q), []string{}, "the default tenant's %+v",
						q)
				}
			},
		},
		{
			name: "list continues after a name",
			says: "only names after this one",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "b", `{}`), item("widget", "a", `{}`),
					item("widget", "c", `{}`), item("widget", "B", `{}`))
				for after, want := range map[string][]string{
					"": {"B", "a", "b", "c"}, "B": {"a", "b", "c"}, "a": {"b", "c"},
					"ab": {"b", "c"}, "c": {}, "\U0010ffff": {},
				} {
					p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget", After: after}),
						want, "names after %q", after)
				}
			},
		},
		{
			name: "list needs a positive limit",
			says: "Limit must be positive.",
			prove: func(p *probe) {
				for _, limit := range []int{0, -1} {
					_, err := p.Resources.List(p.ctx, p.acme,
						ports.ResourceQuery{Kind: "widget", Limit: limit})
					p.code(err, tenancy.CodeInvalid, "List with limit %d", limit)
				}
			},
		},
		{
			name: "list searches names and descriptions",
			says: "a case-insensitive substring of the name or the description",
			prove: func(p *probe) {
				p.put(p.acme,
					item("widget", "Big Wheel", `{"description":"turns"}`),
					item("widget", "gear", `{"description":"a WHEEL with 100% teeth"}`),
					item("widget", "rod_1", `{"note":"no wheel"}`),
					item("widget", `back\slash`, `{}`))
				for search, want := range map[string][]string{
					"wheel": {"Big Wheel", "gear"}, "WHEEL": {"Big Wheel", "gear"},
					"g w": {"Big Wheel"}, "turns": {"Big Wheel"},
					"%": {"gear"}, "_": {"rod_1"}, `\`: {`back\slash`}, "w%l": {}, "'": {},
					"wheels": {},
				} {
					p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget", Search: search}),
						want, "names of the items with %q", search)
				}
			},
		},
		{
			name: "list selects labels",
			says: "only items that have all these labels with these values",
			prove: func(p *probe) {
				p.put(p.acme,
					withLabels(item("widget", "1", `{}`),
						map[string]string{"team": "a", "tier": "x"}),
					withLabels(item("widget", "2", `{}`), map[string]string{"team": "a"}),
					withLabels(item("widget", "3", `{}`),
						map[string]string{"team": "b", "tier": ""}),
					item("widget", "4", `{}`))
				for _, c := range []struct {
					labels map[string]string
					want   []string
				}{
					{nil, []string{"1", "2", "3", "4"}},
					{map[string]string{}, []string{"1", "2", "3", "4"}},
					{map[string]string{"team": "a"}, []string{"1", "2"}},
					{map[string]string{"team": "a", "tier": "x"}, []string{"1"}},
					{map[string]string{"tier": ""}, []string{"3"}},
					{map[string]string{"team": "A"}, []string{}},
					{map[string]string{`te"am`: `'`}, []string{}},
				} {
					p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget", Labels: c.labels}),
						c.want, "names with %v", c.labels)
				}
			},
		},
	}
}

// putReferenced stores the items that [normalForms] refers to.
func (p *probe) putReferenced() {
	p.put(p.acme, item("maker", "m", `{}`), item("part", "p1", `{}`), item("part", "p2", `{}`),
		item("widget", "w", `{}`))
}

// normalForms returns items that a store easily returns in another than their normal
// form.
func normalForms() []federation.Item {
	return []federation.Item{
		item("widget", "empty", `{}`),
		item("widget", "full",
			`{"description":"d","size":7,"color":"red","active":false,`+
				`"parent":"w","maker":"m","parts":["p2","p1"],`+
				`"subject":{"kind":"part","name":"p1"}}`),
		item("widget", "nulls",
			`{"description":null,"size":null,"color":null,"active":null,`+
				`"token":null,"parent":null,"maker":null,`+
				`"parts":null,"subject":null}`),
		item("widget", "defaults", `{"parts":[],"active":true,"description":""}`),
		item("widget", "bounds", `{"size":1000000,"subject":{"name":"m","kind":"maker"}}`),
		item("widget", "zero", `{"size":0}`),
		item("widget", "order", `{ "z":1, "a": 2.50, "\u20ac":"\u00e9", "m":{"b":1E3,"a":[]} }`),
		item("widget", "text",
			`{"description":"line\nbreak \"quoted\" \\ <&> `+
				`\u2028 💥 '; DROP TABLE widgets; --"}`),
		item("widget", "foreign members",
			`{"id":"x","name":"y","tenant_id":"z","version":99,"labels":{"a":1},`+
				`"created_at":null,"spec":{},`+
				`"":0,"a/b~c":[null,true],"$secret":"no"}`),
		item("part", "tiny", `{"weight":5e-324}`),
		item("part", "exact", `{"weight":0.1}`),
		item("part", "huge", `{"weight":1e21,"extra":1e300}`),
		withLabels(item("widget", "labels", `{}`),
			map[string]string{"team": "a", "ключ": "", "a.b/c": "d\"e'f"}),
	}
}

// trickyNames returns valid names, all different.
func trickyNames() []string {
	return []string{
		"a", "B", "b", "Z", "a b", "a-b", "a.b", "a/b", "a_b", "ab", "a%b", "a\\b", `a"b`, "a'b",
		"'; DROP TABLE widgets; --",
		"..", "null", "0", "00", "ä", "é", "ключ", "💥", "\ufb01",
		strings.Repeat("ü", 256),
	}
}
