package portstest

import (
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func resourcesReferrers() []contractCase {
	const order = "Referrers returns at most limit of the other items that refer to the item, after" +
		" the item named after, in the order of their kinds, then of their names, byte by byte;" +
		" each once, however often it refers."
	return []contractCase{
		{
			name: "referrers are in the order of kinds and names", says: order,
			prove: func(p *probe) {
				p.put(p.acme, item("maker", "x", `{}`), item("widget", "b", `{"maker":"x"}`),
					item("widget", "a b", `{"maker":"x","subject":{"kind":"maker","name":"x"}}`),
					item("widget", "B", `{"subject":{"kind":"maker","name":"x"}}`),
					item("widget", "none", `{}`), item("settings", "default", `{"maker":"x"}`))
				all := []federation.Ref{ref("settings", "default"), ref("widget", "B"),
					ref("widget", "a b"), ref("widget", "b")}
				p.equal(p.referrers(p.acme, ref("maker", "x"), federation.Ref{}, 9), all, "all")
				p.equal(p.referrers(p.acme, ref("maker", "x"), federation.Ref{}, 2), all[:2],
					"the first two")
				p.equal(p.referrers(p.acme, ref("maker", "x"), all[1], 9), all[2:], "the next")
				p.equal(p.referrers(p.acme, ref("maker", "x"), all[3], 9), []federation.Ref{},
					"those after the last")
				p.equal(p.referrers(p.acme, ref("widget", "b"), federation.Ref{}, 9),
					[]federation.Ref{}, "of an item to which none refers")
				for _, limit := range []int{0, -1} {
					_, err := p.Resources.Referrers(p.ctx, p.acme, ref("maker", "x"),
						federation.Ref{}, limit)
					p.code(err, tenancy.CodeInvalid, "Referrers with limit %d", limit)
				}
			},
		},
		{
			name:     "referrers of an unknown item are not found",
			says:     "If the tenant has no such item, the error is [tenancy.CodeNotFound].",
			isolates: []string{"Resources.Referrers"},
			prove: func(p *probe) {
				p.put(p.acme, item("maker", "x", `{}`), item("widget", "w", `{"maker":"x"}`))
				for _, r := range []federation.Ref{ref("maker", "y"), ref("maker", "X"),
					ref("unknown", "x")} {
					_, err := p.Resources.Referrers(p.ctx, p.acme, r, federation.Ref{}, 9)
					p.code(err, tenancy.CodeNotFound, "Referrers of %v", r)
				}
				_, err := p.Resources.Referrers(p.ctx, p.globex, ref("maker", "x"),
					federation.Ref{}, 9)
				p.code(err, tenancy.CodeNotFound, "Referrers of another tenant's item")
				p.put(p.globex, item("maker", "x", `{}`), item("widget", "g", `{"maker":"x"}`))
				p.equal(p.referrers(p.globex, ref("maker", "x"), federation.Ref{}, 9),
					[]federation.Ref{ref("widget", "g")}, "globex's")
				p.equal(p.referrers(p.acme, ref("maker", "x"), federation.Ref{}, 9),
					[]federation.Ref{ref("widget", "w")}, "acme's")
			},
		},
		{
			name: "count counts each kind",
			says: "Count counts the tenant's items of each kind of most, up to the number there: a" +
				" kind that has more has that number in the result.",
			isolates: []string{"Resources.Count"},
			prove: func(p *probe) {
				all := map[string]int64{"maker": 9, "part": 9, "widget": 9, "settings": 9}
				p.equal(p.count(p.acme, all), map[string]int64{"maker": 0, "part": 0, "widget": 0,
					"settings": 1}, "of a new tenant")
				p.put(p.acme, item("widget", "a", `{}`), item("widget", "b", `{}`),
					item("part", "a", `{}`))
				p.put(p.globex, item("widget", "a", `{}`))
				p.equal(p.count(p.acme, all), map[string]int64{"maker": 0, "part": 1, "widget": 2,
					"settings": 1}, "acme's")
				p.equal(p.count(p.acme, map[string]int64{"widget": 1, "part": 1}),
					map[string]int64{"widget": 1, "part": 1}, "two kinds, up to one")
				p.equal(p.count(p.acme, map[string]int64{"widget": 0}),
					map[string]int64{"widget": 0}, "up to none")
				p.equal(p.count(p.acme, nil), map[string]int64{}, "no kind")
				p.deleteItem(p.acme, ref("widget", "a"))
				p.equal(p.count(p.acme, all)["widget"], int64(1), "acme's after a deletion")
				p.equal(p.count(p.globex, all)["widget"], int64(1), "globex's widgets")
			},
		},
	}
}

func (p *probe) referrers(
	tenant tenancy.ID, of, after federation.Ref, limit int,
) []federation.Ref {
	found, err := p.Resources.Referrers(p.ctx, tenant, of, after, limit)
	p.ok(err, "Referrers(%v)", of)
	return append([]federation.Ref{}, found...)
}

// count returns the counts of the tenant's items.
func (p *probe) count(tenant tenancy.ID, most map[string]int64) map[string]int64 {
	counts, err := p.Resources.Count(p.ctx, tenant, most)
	p.ok(err, "Count")
	return counts
}
