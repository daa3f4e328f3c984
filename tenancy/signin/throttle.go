package signin

import (
	"context"
	"crypto/sha256"
	"strings"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// attemptSubjects are the subjects for which an attempt is counted.
type attemptSubjects struct {
	account *ports.Subject // nil: the attempt names no account
	address *ports.Subject // nil: the address is unknown
}

// accountSubjects returns the subjects of an attempt at an account. A user is one
// subject, however the e-mail address is written. An unknown e-mail address is a
// subject too, in lower case and without outer space.
func (s *Service) accountSubjects(user, email, address string) attemptSubjects {
	account := "user " + user
	if user == "" {
		account = "nobody " + strings.ToLower(strings.TrimSpace(email))
	}
	subjects := s.addressSubject(address)
	subjects.account = &ports.Subject{Key: sha256.Sum256([]byte(account)), Backoff: s.account}
	return subjects
}

// addressSubject returns the subject of an attempt that names no account.
func (s *Service) addressSubject(address string) (subjects attemptSubjects) {
	if network := tenancy.NetworkOf(address); network != "" {
		subjects.address = &ports.Subject{Key: sha256.Sum256([]byte("from " + network)),
			Backoff: s.address}
	}
	return subjects
}

// countAttempt counts an attempt before its result is known. It returns an error
// with [tenancy.CodeTooManyAttempts] if the attempt has to wait.
func (s *Service) countAttempt(ctx context.Context, subjects attemptSubjects) error {
	var counted []ports.Subject
	for _, subject := range []*ports.Subject{subjects.account, subjects.address} {
		if subject != nil {
			counted = append(counted, *subject)
		}
	}
	wait, err := s.attempts.Begin(ctx, s.now(), counted...)
	if err != nil {
		return err
	}
	if wait > 0 {
		return tenancy.RetryIn(tenancy.CodeTooManyAttempts, wait, "too many attempts")
	}
	return nil
}

// recordSuccess clears the attempts of the account after a successful attempt. It
// only refunds this attempt to the address. If it cleared the address, an attacker
// could sign in to an account of their own to guess at others without waiting.
func (s *Service) recordSuccess(ctx context.Context, subjects attemptSubjects) error {
	if subjects.account != nil {
		if err := s.attempts.Clear(ctx, subjects.account.Key); err != nil {
			return err
		}
	}
	if subjects.address == nil {
		return nil
	}
	return s.attempts.Refund(ctx, subjects.address.Key)
}
