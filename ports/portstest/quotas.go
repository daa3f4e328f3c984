package portstest

import (
	"errors"
	"fmt"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func resourcesQuota() []contractCase {
	return []contractCase{
		{
			name: "put over the quota is refused",
			says: "A new item over the tenant's quota of its kind is [tenancy.CodeQuotaExceeded]" +
				" with the members \"kind\" and \"limit\", however many are written at once",
			prove: func(p *probe) {
				p.setQuotas(p.acme, map[string]int64{"maker": 7})
				p.put(p.acme, item("maker", "there", `{}`))
				errs := atOnce(20, func(i int) error {
					_, _, err := p.Resources.Put(p.ctx, p.acme,
						item("maker", fmt.Sprint("m", i), `{}`), ports.Condition{})
					return err
				})
				p.equal(countCodes(errs),
					map[tenancy.Code]int{"": 6, tenancy.CodeQuotaExceeded: 14},
					"the codes of 20 more items with a quota of 7")
				p.equal(len(p.names(p.acme, ports.ResourceQuery{Kind: "maker"})), 7,
					"the number of items")
				for _, err := range errs {
					if e, ok := errors.AsType[*tenancy.Error](err); ok {
						p.equal(e.Members, map[string]any{"kind": "maker", "limit": int64(7)},
							"the members of the error")
					}
				}
				p.put(p.acme, item("widget", "of another kind", `{}`))
				p.put(p.globex, item("maker", "of another tenant", `{}`))
			},
		},
		{
			name: "existing item over a lowered quota is replaced",
			says: "an existing item can be replaced.",
			prove: func(p *probe) {
				p.put(p.acme, item("maker", "a", `{}`), item("maker", "b", `{}`))
				p.setQuotas(p.acme, map[string]int64{"maker": 1})
				p.put(p.acme, item("maker", "a", `{"description":"changed"}`))
				_, _, err := p.Resources.Put(p.ctx, p.acme, item("maker", "c", `{}`),
					ports.Condition{})
				p.code(err, tenancy.CodeQuotaExceeded, "Put of a new item")
				p.noResource(p.acme, ref("maker", "c"), "after it was refused")
				p.setQuotas(p.acme, nil)
				p.put(p.acme, item("maker", "c", `{}`))
			},
		},
		{
			name: "singletons aren't counted",
			says: "A singleton isn't counted.",
			prove: func(p *probe) {
				p.setQuotas(p.acme, map[string]int64{"settings": 0})
				p.put(p.acme, item("settings", "default", `{"mode":"open"}`))
				_, err := p.importItems(p.acme, item("settings", "default", `{"mode":"closed"}`))
				p.ok(err, "Import of a singleton")
			},
		},
	}
}

func importQuota() []contractCase {
	return []contractCase{
		{
			name: "import over the quota is refused",
			says: "New items over the tenant's quota of their kind are" +
				" [tenancy.CodeQuotaExceeded].",
			prove: func(p *probe) {
				p.put(p.acme, item("maker", "a", `{}`), item("maker", "b", `{}`))
				p.setQuotas(p.acme, map[string]int64{"maker": 3})
				_, err := p.importItems(p.acme, item("maker", "a", `{"description":"changed"}`),
					item("maker", "c", `{}`), item("maker", "d", `{}`))
				p.code(err, tenancy.CodeQuotaExceeded,
					"Import of two more items where one is allowed")
				p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "maker"}), []string{"a", "b"},
					"the items after the refused import")
				_, err = p.importItems(p.acme, item("maker", "a", `{"description":"changed"}`),
					item("maker", "c", `{}`))
				p.ok(err, "Import of one more")
				p.setQuotas(p.acme, map[string]int64{"maker": 1})
				_, err = p.importItems(p.acme, item("maker", "a", `{"description":"again"}`),
					item("widget", "w", `{}`))
				p.ok(err, "Import of existing items over a lowered quota")
			},
		},
		{
			name: "import and Put at once keep the quota",
			says: "New items over the tenant's quota of their kind are" +
				" [tenancy.CodeQuotaExceeded].",
			prove: func(p *probe) {
				const allowed = 10
				p.setQuotas(p.acme, map[string]int64{"maker": allowed})
				errs := atOnce(16, func(i int) error {
					if i%4 != 0 {
						_, _, err := p.Resources.Put(p.ctx, p.acme,
							item("maker", fmt.Sprint("m", i), `{}`), ports.Condition{})
						return err
					}
					_, err := p.importItems(p.acme, twoItems("maker", i)...)
					return err
				})
				n := len(p.names(p.acme, ports.ResourceQuery{Kind: "maker"}))
				written := 0
				for i, err := range errs {
					switch {
					case err == nil && i%4 == 0:
						written += 2
					case err == nil:
						written++
					case tenancy.CodeOf(err) != tenancy.CodeQuotaExceeded:
						p.fail("writer %d: %v", i, err)
					}
				}
				if n > allowed || n < allowed-1 || n != written {
					p.fail("%d items are stored; %d are allowed and %d were written", n, allowed,
						written)
				}
			},
		},
	}
}

func twoItems(kind string, i int) []federation.Item {
	return []federation.Item{item(kind, fmt.Sprint("i", i), `{}`),
		item(kind, fmt.Sprint("j", i), `{}`)}
}

// setQuotas sets a tenant's quotas of resources.
func (p *probe) setQuotas(tenant tenancy.ID, resources map[string]int64) {
	t, err := p.Tenants.Get(p.ctx, tenant)
	p.ok(err, "Tenants.Get")
	t.Quotas.Resources = resources
	_, err = p.Tenants.Update(p.ctx, t)
	p.ok(err, "Tenants.Update of the quotas")
}
