package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
)

// InstanceKeys holds the keys with which the installation signs the bundles that it exports.
type InstanceKeys interface {
	// Sign returns the signature of m by the newest key. It is zero if the installation has
	// no key: the bundle isn't signed then.
	Sign(ctx context.Context, m federation.Manifest) (federation.Signature, error)

	// PublicKeys returns the newest key first, and the keys before it, which signed earlier
	// bundles.
	PublicKeys(ctx context.Context) ([]trust.PublicKey, error)
}
