package tenancy_test

import (
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var secretForm = regexp.MustCompile(`^bwk_[a-z2-7]{32}[0-9a-f]{8}$`)

func TestKeySecretsAreUniqueAndWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		secret := tenancy.NewKeySecret()
		if !secretForm.MatchString(secret) || seen[secret] {
			t.Fatalf("%q is malformed or appears twice", secret)
		}
		seen[secret] = true
		hash, err := tenancy.HashKeySecret(secret)
		if err != nil || hash != sha256.Sum256([]byte(secret)) {
			t.Fatalf("HashKeySecret(%q) = %x, %v", secret, hash, err)
		}
	}
}

func TestChangedCharacterOfKeySecretIsRefused(t *testing.T) {
	t.Parallel()
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789_A"
	secret := tenancy.NewKeySecret()
	for i := range len(secret) {
		for _, c := range []byte(letters) {
			if secret[i] == c {
				continue
			}
			changed := secret[:i] + string(c) + secret[i+1:]
			if _, err := tenancy.HashKeySecret(changed); err == nil {
				t.Fatalf("the changed secret %q of %q is accepted", changed, secret)
			}
		}
	}
}

func TestMalformedKeySecretIsRefused(t *testing.T) {
	t.Parallel()
	secret := tenancy.NewKeySecret()
	for _, s := range []string{
		"", tenancy.KeyPrefix, secret[:len(secret)-1], secret + "0", " " + secret, secret + "\n",
		strings.ToUpper(secret), strings.TrimPrefix(secret, tenancy.KeyPrefix),
		withSum(tenancy.KeyPrefix + strings.Repeat("!", 32)), // valid checksum, invalid characters
		withSum(tenancy.KeyPrefix + strings.Repeat("A", 32)),
		withSum(tenancy.KeyPrefix + strings.Repeat("a", 24) + strings.Repeat("\n", 8)),
		withSum("xxx_" + strings.Repeat("a", 32)),
	} {
		hash, err := tenancy.HashKeySecret(s)
		WantCode(t, err, tenancy.CodeUnauthenticated)
		if hash != (tenancy.KeyHash{}) {
			t.Errorf("HashKeySecret(%q) returned a hash with its error", s)
		}
		if err != nil && s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
}

func withSum(body string) string {
	return body + fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body)))
}

func FuzzHashKeySecret(f *testing.F) {
	f.Add(tenancy.NewKeySecret())
	f.Add(withSum(tenancy.KeyPrefix + strings.Repeat("\r", 32)))
	f.Add("bwk_")
	f.Fuzz(func(t *testing.T, s string) {
		// The fuzzer can't guess a valid checksum, so it also tries s with one.
		for _, secret := range []string{s, withSum(s)} {
			_, err := tenancy.HashKeySecret(secret)
			if err == nil && !secretForm.MatchString(secret) {
				t.Errorf("%q is accepted as a secret", secret)
			}
			if err != nil {
				WantCode(t, err, tenancy.CodeUnauthenticated)
			}
		}
	})
}

func TestKeyIsValidUntilItExpires(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		expires time.Time
		want    bool
	}{
		{"never", time.Time{}, true},
		{"later", now.Add(time.Microsecond), true},
		{"now", now, false},
		{"before", now.Add(-time.Microsecond), false},
	} {
		if got := (tenancy.APIKey{ExpiresAt: c.expires}).Valid(now); got != c.want {
			t.Errorf("a key that expires %s is valid: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestKeyStartIsFirstTwelveCharacters(t *testing.T) {
	t.Parallel()
	secret := tenancy.NewKeySecret()
	if got := tenancy.KeyStart(secret); got != secret[:12] {
		t.Errorf("KeyStart = %q", got)
	}
	if got := tenancy.KeyStart("bwk_"); got != "bwk_" {
		t.Errorf("KeyStart of a short text = %q", got)
	}
}
