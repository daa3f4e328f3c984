package memory

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/ports"
)

// instanceKeys is [ports.InstanceKeys] with one key, which lives as long as the store.
type instanceKeys struct{ s *Store }

var _ ports.InstanceKeys = instanceKeys{}

func newInstanceKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(key, err)
}

func (p instanceKeys) Sign(
	_ context.Context, m federation.Manifest,
) (federation.Signature, error) {
	return trust.Sign(m, p.s.instanceKey), nil
}

func (p instanceKeys) PublicKeys(context.Context) ([]trust.PublicKey, error) {
	public, _ := p.s.instanceKey.Public().(ed25519.PublicKey)
	return []trust.PublicKey{trust.NewPublicKey(bytes.Clone(public))}, nil
}
