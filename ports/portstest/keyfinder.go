package portstest

import (
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func keysFind() []contractCase {
	return []contractCase{
		{
			name: "find returns the key",
			says: "Find returns the key with this hash",
			prove: func(p *probe) {
				one, two := p.key(p.acme, 1), p.key(p.globex, 2)
				p.sameKey(p.findKey(one.Hash), one, "acme's key")
				p.sameKey(p.findKey(two.Hash), two, "globex's key")
			},
		},
		{
			name: "find records the use",
			says: "records that it was used, to the minute.",
			prove: func(p *probe) {
				used := p.key(p.acme, 1)
				p.key(p.acme, 2)
				p.findKey(used.Hash)
				for _, k := range p.keys(p.acme) {
					if k.ID != used.ID {
						p.equal(k.LastUsedAt.IsZero(), true, "LastUsedAt.IsZero() of the other key")
						continue
					}
					if off := time.Since(k.LastUsedAt).Abs(); off > 2*time.Minute {
						p.fail("LastUsedAt = %v, which is %v off", k.LastUsedAt, off)
					}
					p.equal(k.LastUsedAt.Equal(k.LastUsedAt.Truncate(time.Minute)), true,
						"whether LastUsedAt %v is a whole minute", k.LastUsedAt)
				}
			},
		},
		{
			name: "find refuses unknown keys and deleted tenants",
			says: "[tenancy.CodeUnauthenticated] if there is none or its tenant is deleted.",
			prove: func(p *probe) {
				p.noKey(keyHash(1), "which no key has")
				p.noKey(tenancy.KeyHash{}, "which is zero")
				k := p.key(p.acme, 1)
				p.setState(p.acme, tenancy.Suspended)
				p.findKey(k.Hash)
				p.setState(p.acme, tenancy.Deleted)
				p.noKey(k.Hash, "of a deleted tenant")
				p.setState(p.acme, tenancy.Active)
				p.findKey(k.Hash)
			},
		},
		{
			name: "find returns an expired key",
			says: "Find also returns an expired key: the caller checks the time.",
			prove: func(p *probe) {
				k := newKey(p.acme, 1)
				k.ExpiresAt = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
				_, err := p.Keys.Create(p.ctx, p.acme, k)
				p.ok(err, "Keys.Create")
				found := p.findKey(k.Hash)
				p.equal(found.ExpiresAt.Equal(k.ExpiresAt), true,
					"whether ExpiresAt %v is the stored time",
					found.ExpiresAt)
			},
		},
	}
}

func (p *probe) findKey(hash tenancy.KeyHash) tenancy.APIKey {
	found, err := p.KeyFinder.Find(p.ctx, hash)
	p.ok(err, "KeyFinder.Find")
	return found
}

func (p *probe) noKey(hash tenancy.KeyHash, which string) {
	_, err := p.KeyFinder.Find(p.ctx, hash)
	p.code(err, tenancy.CodeUnauthenticated, "KeyFinder.Find of a hash %s", which)
}
