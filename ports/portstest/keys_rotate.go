package portstest

import (
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func keysRotate() []contractCase {
	return []contractCase{
		{
			name: "rotate creates a successor",
			says: "Rotate creates the successor of the tenant's key with this id, and returns it." +
				" The successor has ID, Hash, Prefix and CreatedBy of next, and name and role of" +
				" the old key; its lifetime is the one that the old key was created with.",
			prove: func(p *probe) {
				input := newKey(p.acme, 1)
				input.Role, input.ExpiresAt = tenancy.Replicator,
					time.Now().Add(1000*time.Hour).Truncate(time.Microsecond)
				old, err := p.Keys.Create(p.ctx, p.acme, input)
				p.ok(err, "Create")
				made := p.rotate(p.acme, old.ID, p.successor(2))
				want := old
				want.ID, want.ExpiresAt = keyID(2),
					made.CreatedAt.Add(old.ExpiresAt.Sub(old.CreatedAt))
				p.sameKey(made, want, "the result of Rotate")
				p.recent(made.CreatedAt, "CreatedAt")
				p.equal(made.Prefix, "bwk_00000002", "Prefix")
				p.equal(made.CreatedBy, tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "u",
					Name: "U"}, "CreatedBy")
				p.sameKey(p.findKey(keyHash(2)), want, "the result of Find")
				for _, k := range p.keys(p.acme) {
					if k.ID == made.ID {
						p.equal(k.Prefix, made.Prefix, "Prefix in the list")
						p.equal(k.CreatedBy, made.CreatedBy, "CreatedBy in the list")
					}
				}
			},
		},
		{
			name: "successor of a key without expiry has none",
			says: "its lifetime is the one that the old key was created with.",
			prove: func(p *probe) {
				made := p.rotate(p.acme, p.key(p.acme, 1).ID, p.successor(2))
				p.equal(made.ExpiresAt.IsZero(), true, "ExpiresAt.IsZero() of the successor")
			},
		},
		{
			name: "rotated key expires",
			says: "The old key's RotatedTo is the successor's id, and the old key expires at" +
				" until unless it expires earlier.",
			prove: func(p *probe) {
				until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
				soon := newKey(p.acme, 3)
				soon.ExpiresAt = until.Add(-time.Minute)
				_, err := p.Keys.Create(p.ctx, p.acme, soon)
				p.ok(err, "Create")
				p.key(p.acme, 1)
				for n, want := range map[int]time.Time{1: until, 3: soon.ExpiresAt} {
					_, err := p.Keys.Rotate(p.ctx, p.acme, keyID(n), p.successor(n+1), until)
					p.ok(err, "Rotate")
					if got := p.findKey(keyHash(n)).ExpiresAt; !got.Equal(want) {
						p.fail("the rotated key expires at %v; want %v", got, want)
					}
					for _, k := range p.keys(p.acme) {
						if k.ID == keyID(n) {
							p.equal(k.RotatedTo, keyID(n+1), "RotatedTo")
						}
					}
				}
			},
		},
		{
			name: "rotate refuses another tenant's key",
			says: "[tenancy.CodeNotFound] if the tenant has no key with this id, even if another" +
				" tenant has it",
			isolates: []string{"Keys.Rotate"},
			prove: func(p *probe) {
				k := p.key(p.acme, 1)
				_, err := p.Keys.Rotate(p.ctx, p.globex, k.ID, p.successor(2), time.Now())
				p.code(err, tenancy.CodeNotFound, "Rotate by globex of acme's key")
				_, err = p.Keys.Rotate(p.ctx, p.acme, keyID(9), p.successor(2), time.Now())
				p.code(err, tenancy.CodeNotFound, "Rotate of an unknown key")
				_, err = p.Keys.Rotate(p.ctx, tenancy.ID{}, k.ID, p.successor(2), time.Now())
				p.code(err, tenancy.CodeNoTenant, "Rotate for no tenant")
				p.noKey(keyHash(2), "after Rotate was refused")
				p.equal(p.findKey(k.Hash).ExpiresAt.IsZero(), true, "ExpiresAt.IsZero() of the key")
			},
		},
		{
			name: "key is rotated once",
			says: "[tenancy.CodeInvalidState] if the key was rotated already",
			prove: func(p *probe) {
				k := p.key(p.acme, 1)
				errs := atOnce(5, func(i int) error {
					_, err := p.Keys.Rotate(p.ctx, p.acme, k.ID, p.successor(10+i),
						time.Now().Add(time.Hour))
					return err
				})
				p.equal(countCodes(errs), map[tenancy.Code]int{"": 1, tenancy.CodeInvalidState: 4},
					"the codes of five rotations of one key")
				p.equal(len(p.keys(p.acme)), 2, "the number of keys")
			},
		},
		{
			name: "successor's existing id or hash is refused",
			says: "[tenancy.CodeAlreadyExists] if the hash or the id of next exists already. On" +
				" an error nothing changes.",
			prove: func(p *probe) {
				k, other := p.key(p.acme, 1), p.key(p.globex, 2)
				sameHash, sameID := p.successor(3), p.successor(4)
				sameHash.Hash, sameID.ID = other.Hash, other.ID
				for _, next := range []tenancy.APIKey{sameHash, sameID} {
					_, err := p.Keys.Rotate(p.ctx, p.acme, k.ID, next, time.Now())
					p.code(err, tenancy.CodeAlreadyExists, "Rotate to what another tenant has")
				}
				p.sameKey(p.findKey(other.Hash), other, "the other tenant's key")
				p.equal(p.findKey(k.Hash).ExpiresAt.IsZero(), true, "ExpiresAt.IsZero() of the key")
				p.rotate(p.acme, k.ID, p.successor(5))
			},
		},
	}
}

// successor makes the key that Rotate takes as next.
func (p *probe) successor(n int) tenancy.APIKey {
	return tenancy.APIKey{
		ID: keyID(n), Hash: keyHash(n), Prefix: "bwk_" + keyID(n)[28:],
		CreatedBy: tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "u", Name: "U"},
		Name:      "another name", Role: tenancy.Admin, // Rotate ignores both
	}
}

func (p *probe) rotate(tenant tenancy.ID, id string, next tenancy.APIKey) tenancy.APIKey {
	made, err := p.Keys.Rotate(p.ctx, tenant, id, next, time.Now().Add(time.Hour))
	p.ok(err, "Keys.Rotate")
	return made
}
