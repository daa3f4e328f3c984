package portstest

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
)

func instanceKeysSuite() []contractCase {
	return []contractCase{
		{
			name: "newest key signs",
			says: "Sign returns the signature of m by the newest key.",
			prove: func(p *probe) {
				for _, m := range []federation.Manifest{
					{Source: federation.Source{Instance: p.Instance, Tenant: "acme", Revision: 3},
						Count: 1, Digest: "sha256:00"},
					{},
				} {
					signature, err := p.InstanceKeys.Sign(p.ctx, m)
					p.ok(err, "Sign")
					newest := p.instanceKeys()[0]
					p.equal(signature.KeyID, newest.ID, "the key's id")
					m.Signature = signature
					p.ok(trust.Verify(m, newest), "Verify")
				}
			},
		},
		{
			name: "public keys have their ids",
			says: "PublicKeys returns the newest key first, and the keys before it, which signed" +
				" earlier bundles.",
			prove: func(p *probe) {
				keys := p.instanceKeys()
				for _, key := range keys {
					p.equal(trust.NewPublicKey(key.Key), key, "a key")
				}
				overwrite(keys[0].Key)
				if slices.Equal(keys[0].Key, p.instanceKeys()[0].Key) {
					p.fail("the store shares the memory of a key")
				}
			},
		},
	}
}

// instanceKeys returns the keys of the installation, of which there is at least one.
func (p *probe) instanceKeys() []trust.PublicKey {
	keys, err := p.InstanceKeys.PublicKeys(p.ctx)
	p.ok(err, "PublicKeys")
	if len(keys) == 0 {
		p.fail("the installation has no key")
	}
	return keys
}
