package signin

import (
	"context"
	"crypto/sha256"
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tried is what an attempt is made at, and where it comes from.
type tried struct {
	account *ports.Subject // nil: at none in particular
	address *ports.Subject // nil: from nowhere that is known
}

// subjects names what is counted. A user has one name, however their e-mail
// address is written; an address that is nobody's is told apart as people would.
func (s *Service) subjects(user, email, address string) tried {
	account := "user " + user
	if user == "" {
		account = "nobody " + strings.ToLower(strings.TrimSpace(email))
	}
	t := s.fromWhere(address)
	t.account = &ports.Subject{Key: sha256.Sum256([]byte(account)), Backoff: s.account}
	return t
}

func (s *Service) fromWhere(address string) (t tried) {
	if network := networkOf(address); network != "" {
		t.address = &ports.Subject{Key: sha256.Sum256([]byte("from " + network)),
			Backoff: s.address}
	}
	return t
}

// networkOf is what one person is taken to call from: an address of IPv4, or the
// 64 bits of IPv6 that a connection is given whole.
func networkOf(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 64
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		bits = 32
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}

// begin counts an attempt, before it is known how it ends.
func (s *Service) begin(ctx context.Context, t tried) error {
	var subjects []ports.Subject
	for _, subject := range []*ports.Subject{t.account, t.address} {
		if subject != nil {
			subjects = append(subjects, *subject)
		}
	}
	wait, err := s.attempts.Begin(ctx, s.now(), subjects...)
	if err != nil {
		return err
	}
	if wait > 0 {
		return tooMany(wait)
	}
	return nil
}

func tooMany(wait time.Duration) error {
	seconds := int64(math.Ceil(wait.Seconds()))
	e := tenancy.Errorf(tenancy.CodeTooManyAttempts,
		"too many attempts: wait %d s before the next one", seconds)
	e.Members = map[string]any{"retry_after": seconds}
	return e
}

// settle is what a success means: the account is free again, and to the address
// it didn't count. Were that freed as well, one account of an attacker's own
// would free them to guess at others.
func (s *Service) settle(ctx context.Context, t tried) error {
	if t.account != nil {
		if err := s.attempts.Clear(ctx, t.account.Key); err != nil {
			return err
		}
	}
	if t.address == nil {
		return nil
	}
	return s.attempts.Refund(ctx, t.address.Key)
}
