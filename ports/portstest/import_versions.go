package portstest

import (
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func importVersions() []contractCase {
	return []contractCase{
		{
			name: "decision has the version of another content",
			says: "Its Version and UpdatedAt take the place of the bundle's.",
			prove: func(p *probe) {
				before := p.put(p.acme, item("widget", "w", `{"size":1}`))
				incoming := item("widget", "w", `{"size":2}`)
				incoming.Version, incoming.UpdatedAt = before.Version+7, bundleTime
				_, err := p.importWith(p.ctx, p.acme, func(federation.Item) (ports.Decision, error) {
					joined := p.normalized(item("widget", "w", `{"size":3}`))
					joined.Version, joined.UpdatedAt = before.Version, before.UpdatedAt
					return ports.Decision{Write: true, Item: joined}, nil
				}, incoming)
				p.ok(err, "Import")
				after := p.get(p.acme, before.Ref)
				p.equal(after.Version, before.Version+1, "the version")
				p.recent(after.UpdatedAt, "UpdatedAt")
			},
		},
		{
			name: "version without room for later writes is refused",
			says: "A version that leaves no room for later writes is [tenancy.CodeInvalid] with the" +
				" path /KIND/NAME/version; [federation.MaxVersion] is the greatest that a store" +
				" accepts.",
			prove: func(p *probe) {
				for _, version := range []int64{federation.MaxVersion + 1, 1 << 53, 1<<63 - 1} {
					_, err := p.importItems(p.acme, atVersion(version, item("widget", "w", `{}`)))
					p.code(err, tenancy.CodeInvalid, "Import of version %d", version)
					p.equal(detailPaths(err), []string{"/widget/w/version"}, "the path in Details")
				}
				p.noResource(p.acme, ref("widget", "w"), "after that")
			},
		},
		{
			name: "created item has the bundle's version",
			says: "Created items take Version and UpdatedAt from the bundle.",
			prove: func(p *probe) {
				_, err := p.importItems(p.acme, atVersion(7, item("widget", "seven", `{}`)),
					atVersion(1, item("widget", "one", `{}`)),
					atVersion(1<<52, item("widget", "many", `{}`)))
				p.ok(err, "Import")
				for name, version := range map[string]int64{"seven": 7, "one": 1, "many": 1 << 52} {
					p.sameItem(p.get(p.acme, ref("widget", name)).Item,
						atVersion(version, p.normalized(item("widget", name, `{}`))),
						"the created item")
				}
				p.equal(p.put(p.acme, item("widget", "seven", `{"size":1}`)).Version, int64(8),
					"the version after a Put over it")
			},
		},
		{
			name: "greater version is taken from the bundle",
			says: "Overwritten ones do so if the bundle's version is greater than theirs",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{"size":1}`), item("widget", "w", `{"size":2}`))
				newer := atVersion(3, item("widget", "w", `{"size":3}`))
				_, err := p.importItems(p.acme, newer)
				p.ok(err, "Import")
				p.sameItem(p.get(p.acme, newer.Ref).Item, atVersion(3, p.normalized(newer)),
					"the overwritten item")
			},
		},
		{
			name: "other version grows by one",
			says: "otherwise their version grows by one and UpdatedAt is now.",
			prove: func(p *probe) {
				for version, name := range map[int64]string{1: "older", 2: "as old"} {
					p.put(p.acme, item("widget", name, `{"size":1}`),
						item("widget", name, `{"size":2}`))
					_, err := p.importItems(p.acme,
						atVersion(version, item("widget", name, `{"size":3}`)))
					p.ok(err, "Import")
					after := p.get(p.acme, ref("widget", name))
					p.sameContent(after.Item, p.normalized(item("widget", name, `{"size":3}`)),
						"the overwritten item")
					p.equal(after.Version, int64(3), "the version")
					p.recent(after.UpdatedAt, "UpdatedAt")
				}
			},
		},
		{
			name: "pristine singleton is replaced as if created",
			says: "Pristine ones ([Pair]) are replaced as if they were created.",
			prove: func(p *probe) {
				for tenant, version := range map[tenancy.ID]int64{p.acme: 1, p.globex: 5} {
					p.equal(p.isPristine(tenant), true,
						"whether the settings of a new tenant are pristine")
					_, err := p.importItems(tenant,
						atVersion(version, item("settings", "default", `{"mode":"open"}`)))
					p.ok(err, "Import")
					p.sameItem(p.get(tenant, ref("settings", "default")).Item,
						atVersion(version, p.normalized(
							item("settings", "default", `{"mode":"open"}`))),
						"the settings")
					p.equal(p.isPristine(tenant), false, "whether imported settings are pristine")
				}
			},
		},
		{
			name: "changed singleton isn't pristine",
			says: "Current is a singleton that hasn't changed since the tenant was created",
			prove: func(p *probe) {
				p.put(p.acme, item("settings", "default", `{"mode":"open"}`))
				p.equal(p.isPristine(p.acme), false, "whether changed settings are pristine")
				p.put(p.acme, item("settings", "default", `{}`))
				p.equal(p.isPristine(p.acme), false,
					"whether settings that were changed back are pristine")
				_, err := p.importItems(p.acme,
					atVersion(1, item("settings", "default", `{"mode":"closed"}`)))
				p.ok(err, "Import")
				p.equal(p.get(p.acme, ref("settings", "default")).Version, int64(4),
					"the version of settings changed three times")
				p.equal(p.isPristine(p.globex), true,
					"whether another tenant's settings are pristine")

				p.put(p.globex, item("widget", "w", `{}`))
				p.ok(p.Transfers.Import(p.ctx, p.globex, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(item("widget", "w", `{}`),
						item("widget", "new", `{}`))), "Stage")
					for _, pair := range p.comparePairs(im) {
						p.equal(pair.Pristine, false, "whether a widget is pristine")
					}
					return nil
				}), "Import")
			},
		},
	}
}

// atVersion returns it with a version and a time in 2020, as a bundle has it.
func atVersion(version int64, it federation.Item) federation.Item {
	it.Version, it.UpdatedAt = version, bundleTime.Add(time.Duration(version%60)*time.Second)
	return it
}
