package tenancy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestAnInvitationsTokenHas256Bits(t *testing.T) {
	t.Parallel()
	one, two := tenancy.NewInvitationToken(), tenancy.NewInvitationToken()
	assert.NotEqual(t, one, two)
	assert.Len(t, one, len("bwi_")+43)
	first, err := tenancy.HashInvitationToken(one)
	require.NoError(t, err)
	second, err := tenancy.HashInvitationToken(two)
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
}

func TestWhatIsNoInvitationsToken(t *testing.T) {
	t.Parallel()
	good := tenancy.NewInvitationToken()
	for name, token := range map[string]string{
		"nothing": "", "the prefix": "bwi_", "no prefix": good[4:], "an API key": tenancy.NewKeySecret(),
		"shorter": good[:len(good)-1], "longer": good + "A", "a line end in it": good[:20] + "\n" + good[21:],
		"padding": good[:len(good)-1] + "=", "other letters": good[:len(good)-1] + "+", "in capitals": strings.ToUpper(good[:4]) + good[4:],
		"bits that mean nothing": good[:len(good)-1] + "B",
	} {
		_, err := tenancy.HashInvitationToken(token)
		assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(err), name)
	}
}

func TestAnInvitationExpires(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	i := tenancy.Invitation{ExpiresAt: at}
	assert.True(t, i.Valid(at.Add(-time.Microsecond)))
	assert.False(t, i.Valid(at))
	assert.False(t, tenancy.Invitation{}.Valid(at), "none without an end")
}
