// Package secrets lists the secrets of a tenant: those that have a value, and those that its
// items refer to.
package secrets

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// MaxUses is the most uses that List returns of a secret.
const MaxUses = 20

// Secret is a secret of a tenant, without its value.
type Secret struct {
	Name      string
	Set       bool      // it has a value
	UpdatedAt time.Time // when the value was written last; zero without a value
	UsedBy    []federation.SecretUse
	More      bool // there are more uses than UsedBy has
}

// List returns at most limit of the tenant's secrets, those after the name after, in the order of
// their names, byte by byte. The uses of a secret have the order of [federation.SecretUse.Compare].
// What is written during the call may be seen in part.
func List(
	ctx context.Context, vault ports.Vault, resources ports.Resources, tenant tenancy.ID,
	after string, limit int,
) ([]Secret, error) {
	stored, err := vault.List(ctx, tenant, after, limit)
	if err != nil {
		return nil, err
	}
	used, err := resources.SecretUses(ctx, tenant,
		ports.SecretQuery{After: after, Limit: limit, Uses: MaxUses})
	if err != nil {
		return nil, err
	}
	return merge(stored, used, limit), nil
}

// merge joins the two lists. Each has its first limit secrets, and so the first limit of both.
func merge(stored []ports.StoredSecret, used []ports.UsedSecret, limit int) []Secret {
	byName := map[string]Secret{}
	for _, s := range stored {
		byName[s.Name] = Secret{Name: s.Name, Set: true, UpdatedAt: s.UpdatedAt}
	}
	for _, u := range used {
		s := byName[u.Name]
		s.Name, s.UsedBy, s.More = u.Name, u.Uses, u.More
		byName[u.Name] = s
	}
	all := make([]Secret, 0, len(byName))
	for _, s := range byName {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Secret) int { return cmp.Compare(a.Name, b.Name) })
	return all[:min(limit, len(all))]
}
