package secrets_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/secrets"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func newStore(t *testing.T) ports.Services {
	t.Helper()
	kinds, err := federation.NewKinds(portstest.Kinds()...)
	require.NoError(t, err)
	return memory.New(kinds, memory.Options{}).Services()
}

func putWidget(t *testing.T, s ports.Services, name, token string) {
	t.Helper()
	_, _, err := s.Resources.Put(t.Context(), tenancy.DefaultID, federation.Item{
		Ref:  federation.Ref{Kind: "widget", Name: name},
		Spec: []byte(`{"token":` + token + `}`)}, ports.Condition{})
	require.NoError(t, err)
}

func list(t *testing.T, s ports.Services, after string, limit int) []secrets.Secret {
	t.Helper()
	found, err := secrets.List(t.Context(), s.Vault, s.Resources, tenancy.DefaultID, after, limit)
	require.NoError(t, err)
	return found
}

func TestListHasUnusedAndMissingSecrets(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	require.NoError(t, s.Vault.Set(t.Context(), tenancy.DefaultID, "unused", []byte("v")))
	putWidget(t, s, "w", `"v"`)
	putWidget(t, s, "x", `{"$secret":"missing"}`)
	found := list(t, s, "", 9)
	require.Len(t, found, 3)
	require.Equal(t, secrets.Secret{Name: "missing", UsedBy: []federation.SecretUse{
		{Kind: "widget", Name: "x", Path: "/spec/token", Secret: "missing"}}}, found[0])
	require.Equal(t, "unused", found[1].Name)
	require.True(t, found[1].Set)
	require.Empty(t, found[1].UsedBy)
	require.Equal(t, "widget/w/token", found[2].Name)
	require.True(t, found[2].Set)
	require.Len(t, found[2].UsedBy, 1)
	require.False(t, found[2].UpdatedAt.IsZero())
}

func TestPagesHaveEverySecretOnceAndWithItsUses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for i := range 60 {
		name := fmt.Sprint("s", i)
		if rand.N(2) == 0 {
			require.NoError(t, s.Vault.Set(t.Context(), tenancy.DefaultID, name, []byte("v")))
		}
		for n := range rand.N(3) {
			putWidget(t, s, fmt.Sprintf("w%d.%d", i, n), `{"$secret":"`+name+`"}`)
		}
	}
	all := list(t, s, "", 1000)
	for _, limit := range []int{1, 2, 7} {
		var pages []secrets.Secret
		for after, more := "", true; more; {
			page := list(t, s, after, limit)
			pages = append(pages, page...)
			if more = len(page) == limit; more {
				after = page[limit-1].Name
			}
		}
		require.Equal(t, all, pages)
	}
}

func TestUsesOfASecretAreBounded(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for i := range secrets.MaxUses + 1 {
		require.Equal(t, i > 0, len(list(t, s, "", 9)) == 1)
		putWidget(t, s, fmt.Sprintf("w%02d", i), `{"$secret":"shared"}`)
	}
	found := list(t, s, "", 9)
	require.Len(t, found[0].UsedBy, secrets.MaxUses)
	require.True(t, found[0].More)
}
