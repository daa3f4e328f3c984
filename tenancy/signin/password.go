package signin

import (
	"context"
	"errors"
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

// CheckPassword reports with [tenancy.CodeInvalid] what a password can't be: it
// is UTF-8 of 10 to 1024 characters, whichever they are. Rules on what it is made
// of make people choose worse ones (NIST SP 800-63B, section 5.1.1.2).
func CheckPassword(password string) error {
	n := utf8.RuneCountInString(normal(password))
	if !utf8.ValidString(password) || n < minPassword || n > maxPassword {
		return tenancy.Errorf(tenancy.CodeInvalid, "a password has %d to %d characters",
			minPassword, maxPassword)
	}
	return nil
}

// normal is what is hashed of a password: the same text on every keyboard (RFC
// 8265, section 4.2, OpaqueString: other spaces are a space, and NFC).
func normal(password string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, password))
}

// Hash makes what is stored of a new password, which [CheckPassword] must
// admit. It waits for its turn, no longer than ctx lasts.
func (s *Service) Hash(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, password)
}

// Set gives a user the password of a hash that [Service.Hash] made, and ends all
// of their sessions. It is for those who may do so: nobody's leave is asked.
func (s *Service) Set(ctx context.Context, user, hash string) error {
	return s.passwords.Set(ctx, user, hash, "")
}

// ChangePassword is a user's own change of their password, which ends all of
// their sessions but the caller's. That one gets the new secret that is answered.
// A wrong old password is [tenancy.CodeForbidden], and guesses are slowed down
// as those at sign-in are. Who has no password gets none here: an operator gives
// them their first.
func (s *Service) ChangePassword(
	ctx context.Context, c Caller, old, password string,
) (secret string, err error) {
	if c.Session.ID == "" {
		return "", errNotASession
	}
	if err := CheckPassword(password); err != nil {
		return "", at("/new", err)
	}
	kept, err := s.passwords.Of(ctx, c.Session.User)
	if err != nil {
		return "", err
	}
	tried := s.subjects(kept.User, "", tenancy.RequestFrom(ctx).Address)
	if err := s.begin(ctx, tried); err != nil {
		return "", err
	}
	ok, _, err := s.hasher.verify(ctx, kept.Hash, clip(old))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", at("/old", errOldPassword)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	if err := s.passwords.Set(ctx, kept.User, hash, c.Session.ID); err != nil {
		return "", err
	}
	if err := s.settle(ctx, tried); err != nil {
		return "", err
	}
	_, secret, err = s.renew(ctx, c.Session, c.Session.Rights, s.now())
	return secret, err
}

var (
	errNotASession = tenancy.Errorf(tenancy.CodeForbidden,
		"sign in: this is for the user of a session")
	errOldPassword = tenancy.Errorf(tenancy.CodeForbidden, "the old password is another")
)

// at says in err's details that it is about the member of the input that path
// names.
func at(path string, err error) error {
	e, ok := errors.AsType[*tenancy.Error](err)
	if !ok {
		return err
	}
	placed := *e
	placed.Details = []tenancy.Detail{{Path: path, Code: e.Code, Detail: e.Message}}
	return &placed
}

// clip is a password that is no longer than any can be.
func clip(password string) string {
	const most = 4 * maxPassword * utf8.UTFMax
	return password[:min(len(password), most)]
}
