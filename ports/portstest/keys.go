package portstest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func keysSuite() []contractCase {
	return slices.Concat(keysWrite(), keysRotate(), keysList(), keysFind())
}

func keysWrite() []contractCase {
	return []contractCase{
		{
			name: "create stores the key",
			says: "Create stores k for tenant",
			prove: func(p *probe) {
				input := newKey(p.acme, 1)
				input.Role = tenancy.Replicator
				input.ExpiresAt = time.Date(2030, 1, 2, 3, 4, 5, 678901000, time.UTC)
				made, err := p.Keys.Create(p.ctx, p.acme, input)
				p.ok(err, "Keys.Create")
				p.sameKey(made, input, "the result of Create")
				p.equal(made.LastUsedAt.IsZero(), true, "LastUsedAt.IsZero() of a new key")
				for _, listed := range p.keys(p.acme) {
					p.sameKey(listed, input, "the result of List")
				}
				p.sameKey(p.findKey(input.Hash), input, "the result of Find")
			},
		},
		{
			name:     "create refuses another tenant's key",
			says:     "which must equal k.Tenant, else [tenancy.CodeTenantMismatch].",
			isolates: []string{"Keys.Create"},
			prove: func(p *probe) {
				foreign := newKey(p.globex, 1)
				_, err := p.Keys.Create(p.ctx, p.acme, foreign)
				p.code(err, tenancy.CodeTenantMismatch, "Create for acme of a key of globex")
				tenantless := newKey(tenancy.ID{}, 2)
				_, err = p.Keys.Create(p.ctx, p.acme, tenantless)
				p.code(err, tenancy.CodeTenantMismatch, "Create for acme of a key of no tenant")
				p.noKey(foreign.Hash, "after Create refused the key")
				p.noKey(tenantless.Hash, "after Create refused the key")
				p.equal(len(p.keys(p.acme))+len(p.keys(p.globex)), 0, "the number of keys of both")
			},
		},
		{
			name: "create sets CreatedAt",
			says: "It sets CreatedAt.",
			prove: func(p *probe) {
				input := newKey(p.acme, 1)
				input.CreatedAt = time.Unix(1, 0)
				made, err := p.Keys.Create(p.ctx, p.acme, input)
				p.ok(err, "Keys.Create")
				p.recent(made.CreatedAt, "CreatedAt")
				for _, listed := range p.keys(p.acme) {
					p.recent(listed.CreatedAt, "CreatedAt of the listed key")
				}
			},
		},
		{
			name: "existing id or hash is refused",
			says: "A hash or an id that exists already, in any tenant, is" +
				" [tenancy.CodeAlreadyExists].",
			prove: func(p *probe) {
				first := p.key(p.acme, 1)
				for _, tenant := range []tenancy.ID{p.acme, p.globex} {
					sameHash, sameID := newKey(tenant, 2), newKey(tenant, 3)
					sameHash.Hash, sameID.ID = first.Hash, first.ID
					_, err := p.Keys.Create(p.ctx, tenant, sameHash)
					p.code(err, tenancy.CodeAlreadyExists, "Create with a hash that exists")
					_, err = p.Keys.Create(p.ctx, tenant, sameID)
					p.code(err, tenancy.CodeAlreadyExists, "Create with an id that exists")
					p.noKey(sameID.Hash, "after Create refused the key")
				}
				p.sameKey(p.findKey(first.Hash), first, "the first key")
			},
		},
		{
			name: "revoked key isn't found",
			says: "Revoke removes the key: from then on [KeyFinder.Find] doesn't find it.",
			prove: func(p *probe) {
				revoked, kept := p.key(p.acme, 1), p.key(p.acme, 2)
				p.ok(p.Keys.Revoke(p.ctx, p.acme, revoked.ID), "Keys.Revoke")
				p.noKey(revoked.Hash, "after Revoke")
				p.findKey(kept.Hash)
				p.equal(keyNames(p.keys(p.acme)), []string{kept.Name}, "the keys that are left")
			},
		},
		{
			name: "revoke removes only the tenant's own key",
			says: "[tenancy.CodeNotFound] if the tenant has no such key, even if another tenant" +
				" has it.",
			isolates: []string{"Keys.Revoke"},
			prove: func(p *probe) {
				k := p.key(p.acme, 1)
				p.code(p.Keys.Revoke(p.ctx, p.globex, k.ID), tenancy.CodeNotFound,
					"Revoke by globex of acme's key")
				p.findKey(k.Hash)
				p.equal(len(p.keys(p.acme)), 1, "the number of acme's keys")
				p.code(p.Keys.Revoke(p.ctx, p.acme, keyID(9)), tenancy.CodeNotFound,
					"Revoke of an unknown key")
				p.ok(p.Keys.Revoke(p.ctx, p.acme, k.ID), "Revoke")
				p.code(p.Keys.Revoke(p.ctx, p.acme, k.ID), tenancy.CodeNotFound,
					"Revoke of a revoked key")
			},
		},
		{
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				k := p.key(p.acme, 1)
				_, err := p.Keys.Create(p.ctx, tenancy.ID{}, newKey(tenancy.ID{}, 2))
				p.code(err, tenancy.CodeNoTenant, "Create")
				_, err = p.Keys.List(p.ctx, tenancy.ID{}, "", 10)
				p.code(err, tenancy.CodeNoTenant, "List")
				p.code(p.Keys.Revoke(p.ctx, tenancy.ID{}, k.ID), tenancy.CodeNoTenant, "Revoke")
				p.findKey(k.Hash)
			},
		},
	}
}

func keysList() []contractCase {
	return []contractCase{
		{
			name:     "list returns one tenant's keys",
			says:     "List returns at most limit of the tenant's keys",
			isolates: []string{"Keys.List"},
			prove: func(p *probe) {
				p.key(p.acme, 1)
				p.key(p.globex, 2)
				p.key(p.acme, 3)
				p.equal(keyNames(p.keys(p.acme)), []string{"key 1", "key 3"}, "acme's keys")
				p.equal(keyNames(p.keys(p.globex)), []string{"key 2"}, "globex's keys")
				p.equal(keyNames(p.keys(tenancy.DefaultID)), []string{},
					"the default tenant's keys")
			},
		},
		{
			name: "list pages in the order of ids",
			says: "whose ids are greater than after (\"\" for the first page), in the order of" +
				" their ids.",
			prove: func(p *probe) {
				for _, n := range []int{4, 2, 5, 1, 3} {
					p.key(p.acme, n)
				}
				pages := [][]string{}
				for after := ""; len(pages) < 4; {
					found, err := p.Keys.List(p.ctx, p.acme, after, 2)
					p.ok(err, "Keys.List after %q", after)
					pages = append(pages, keyNames(found))
					for _, k := range found {
						after = k.ID
					}
				}
				p.equal(pages, [][]string{{"key 1", "key 2"}, {"key 3", "key 4"}, {"key 5"}, {}},
					"pages of two")
			},
		},
		{
			name: "list needs a positive limit",
			says: "List returns at most limit",
			prove: func(p *probe) {
				for _, limit := range []int{0, -1} {
					_, err := p.Keys.List(p.ctx, p.acme, "", limit)
					p.code(err, tenancy.CodeInvalid, "List with limit %d", limit)
				}
			},
		},
		{
			name: "list leaves hashes zero",
			says: "It leaves Hash zero.",
			prove: func(p *probe) {
				p.key(p.acme, 1)
				for _, k := range p.keys(p.acme) {
					p.equal(k.Hash, tenancy.KeyHash{}, "the hash of a listed key")
				}
			},
		},
	}
}

// newKey makes the n-th key; ids are in the order of n.
func newKey(tenant tenancy.ID, n int) tenancy.APIKey {
	return tenancy.APIKey{
		ID: keyID(n), Tenant: tenant, Name: fmt.Sprint("key ", n), Role: tenancy.Editor,
		Hash: keyHash(n),
	}
}

func keyID(n int) string { return fmt.Sprintf("01900000-0000-7000-8000-%012d", n) }

func keyHash(n int) (hash tenancy.KeyHash) {
	copy(hash[:], strings.Repeat(fmt.Sprintf("%04d", n), len(hash)/4))
	return hash
}

func (p *probe) key(tenant tenancy.ID, n int) tenancy.APIKey {
	made, err := p.Keys.Create(p.ctx, tenant, newKey(tenant, n))
	p.ok(err, "Keys.Create(%d)", n)
	made.Hash = keyHash(n)
	return made
}

func (p *probe) keys(tenant tenancy.ID) []tenancy.APIKey {
	found, err := p.Keys.List(p.ctx, tenant, "", 100)
	p.ok(err, "Keys.List")
	return found
}

func keyNames(keys []tenancy.APIKey) []string {
	names := []string{}
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}

// sameKey compares all but the hash and the two times that a store sets.
func (p *probe) sameKey(got, want tenancy.APIKey, what string) {
	same := got.ID == want.ID && got.Tenant == want.Tenant && got.Name == want.Name &&
		got.Role == want.Role &&
		got.ExpiresAt.Equal(want.ExpiresAt)
	if !same {
		p.fail("%s = %+v; want %+v", what, got, want)
	}
}
