package signin

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	minPassword = 10 // characters
	maxPassword = 1024
)

// CheckPassword returns an error with [tenancy.CodeInvalid] for an invalid
// password. A valid password is UTF-8 of 10 to 1024 characters. There are no rules
// for its composition, because they make people choose worse passwords (NIST SP
// 800-63B, section 5.1.1.2).
func CheckPassword(password string) error {
	n := utf8.RuneCountInString(normalize(password))
	if !utf8.ValidString(password) || n < minPassword || n > maxPassword {
		return tenancy.Errorf(tenancy.CodeInvalid, "a password must have %d to %d characters",
			minPassword, maxPassword)
	}
	return nil
}

// normalize returns the form of a password that is hashed. It is the same text from
// every keyboard: every kind of space becomes U+0020, and the text becomes NFC (RFC
// 8265, section 4.2, profile OpaqueString).
func normalize(password string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, password))
}

// Hash returns the hash of a new password, which must be valid according to
// [CheckPassword]. It waits for a free slot (see [Options.MaxConcurrentHashes]), at most until
// ctx ends.
func (s *Service) Hash(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, password)
}

// ChangePassword changes the caller's own password. It ends all other sessions of
// the user, and returns a new secret for the caller's session. A wrong old password
// is [tenancy.CodeForbidden]; attempts are limited as at sign-in. A user without a
// password can't set one here: an operator sets the first password.
func (s *Service) ChangePassword(
	ctx context.Context, c Caller, old, password string,
) (secret string, err error) {
	if c.Session.ID == "" {
		return "", errNotASession
	}
	if err := CheckPassword(password); err != nil {
		return "", tenancy.AtPath("/new", err)
	}
	stored, err := s.passwords.Get(ctx, c.Session.User)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound { // the user was removed in the meantime
		return "", errNoSession.Because(err)
	}
	if err != nil {
		return "", err
	}
	subjects := s.accountSubjects(stored.User, "", tenancy.RequestFrom(ctx).Address)
	if err := s.countAttempt(ctx, subjects); err != nil {
		return "", err
	}
	ok, _, err := s.hasher.verify(ctx, stored.Hash, truncate(old))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", tenancy.AtPath("/old", errOldPassword)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	if err := s.passwords.Set(ctx, stored.User, hash, c.Session.ID); err != nil {
		return "", err
	}
	if err := s.recordSuccess(ctx, subjects); err != nil {
		return "", err
	}
	_, secret, err = s.renew(ctx, c.Session, c.Session.Rights, s.now())
	return secret, err
}

var (
	errNotASession = tenancy.Errorf(tenancy.CodeForbidden,
		"only a user with a session can change their password: sign in first")
	errOldPassword = tenancy.Errorf(tenancy.CodeForbidden, "the old password is wrong")
)

// truncate limits the work for an overlong password. The limit exceeds the length
// of every valid password, also before normalization.
func truncate(password string) string {
	const maxBytes = 4 * maxPassword * utf8.UTFMax
	return password[:min(len(password), maxBytes)]
}
