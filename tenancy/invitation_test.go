package tenancy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestInvitationTokensAreUniqueAndWellFormed(t *testing.T) {
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

func TestMalformedInvitationTokenIsRefused(t *testing.T) {
	t.Parallel()
	good := tenancy.NewInvitationToken()
	for name, token := range map[string]string{
		"empty":                  "",
		"only the prefix":        "bwi_",
		"no prefix":              good[4:],
		"an API key":             tenancy.NewKeySecret(),
		"too short":              good[:len(good)-1],
		"too long":               good + "A",
		"a line end inside":      good[:20] + "\n" + good[21:],
		"padding":                good[:len(good)-1] + "=",
		"another alphabet":       good[:len(good)-1] + "+",
		"a prefix in upper case": strings.ToUpper(good[:4]) + good[4:],
		"non-zero trailing bits": good[:len(good)-1] + "B",
	} {
		_, err := tenancy.HashInvitationToken(token)
		if tenancy.CodeOf(err) != tenancy.CodeNotFound {
			t.Errorf("%s: HashInvitationToken(%q) = %v", name, token, err)
		}
	}
}

func TestInvitationIsValidUntilItExpires(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	i := tenancy.Invitation{ExpiresAt: at}
	if !i.Valid(at.Add(-time.Microsecond)) || i.Valid(at) {
		t.Error("an invitation must be valid before ExpiresAt and invalid at ExpiresAt")
	}
	if (tenancy.Invitation{}).Valid(at) {
		t.Error("an invitation without ExpiresAt is valid")
	}
}
