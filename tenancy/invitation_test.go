package tenancy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestAnInvitationsTokenHas256Bits(t *testing.T) {
	t.Parallel()
	one, two := tenancy.NewInvitationToken(), tenancy.NewInvitationToken()
	if one == two || len(one) != len("bwi_")+43 {
		t.Errorf("the tokens are %s and %s", one, two)
	}
	first, err := tenancy.HashInvitationToken(one)
	second, err2 := tenancy.HashInvitationToken(two)
	if err != nil || err2 != nil || first == second {
		t.Errorf("the hashes are %x, %v and %x, %v", first, err, second, err2)
	}
}

func TestWhatIsNoInvitationsToken(t *testing.T) {
	t.Parallel()
	good := tenancy.NewInvitationToken()
	for name, token := range map[string]string{
		"nothing": "", "the prefix": "bwi_", "no prefix": good[4:],
		"an API key": tenancy.NewKeySecret(),
		"shorter":    good[:len(good)-1], "longer": good + "A", "a line end in it": good[:20] +
			"\n" + good[21:],
		"padding": good[:len(good)-1] + "=", "other letters": good[:len(good)-1] + "+",
		"in capitals":            strings.ToUpper(good[:4]) + good[4:],
		"bits that mean nothing": good[:len(good)-1] + "B",
	} {
		if _, err := tenancy.HashInvitationToken(token); tenancy.CodeOf(
			err) != tenancy.CodeNotFound {
			t.Errorf("%s: HashInvitationToken(%q) = %v", name, token, err)
		}
	}
}

func TestAnInvitationExpires(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	i := tenancy.Invitation{ExpiresAt: at}
	if !i.Valid(at.Add(-time.Microsecond)) || i.Valid(at) {
		t.Error("an invitation is valid until its end, and not at it")
	}
	if (tenancy.Invitation{}).Valid(at) {
		t.Error("an invitation without an end is valid")
	}
}
