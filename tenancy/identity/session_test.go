package identity_test

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

var sessionForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

func TestSessionSecretsAreUniqueAndWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		secret := identity.NewSessionSecret()
		if !sessionForm.MatchString(secret) || seen[secret] {
			t.Fatalf("%q is malformed or appears twice", secret)
		}
		seen[secret] = true
		hash, err := identity.HashSessionSecret(secret)
		if err != nil || hash != sha256.Sum256([]byte(secret)) {
			t.Fatalf("HashSessionSecret(%q) = %x, %v", secret, hash, err)
		}
	}
}

func TestMalformedSessionSecretIsRefused(t *testing.T) {
	t.Parallel()
	secret := identity.NewSessionSecret()
	for _, s := range []string{
		"", secret[:42], secret + "A", secret + "=", " " + secret[1:], "+" + secret[1:],
		"/" + secret[1:], secret[:42] + "\n",
		strings.Repeat("\n", 43), strings.Repeat("A", 42) + "B", // more than 256 bits
	} {
		hash, err := identity.HashSessionSecret(s)
		wantCode(t, err, tenancy.CodeUnauthenticated)
		if hash != (identity.SessionHash{}) {
			t.Errorf("HashSessionSecret(%q) returned a hash with its error", s)
		}
	}
}

func FuzzHashSessionSecret(f *testing.F) {
	f.Add(identity.NewSessionSecret())
	f.Add(strings.Repeat("A", 43))
	f.Add("\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := identity.HashSessionSecret(s); err == nil && !sessionForm.MatchString(s) {
			t.Errorf("%q is accepted as a secret", s)
		}
	})
}
