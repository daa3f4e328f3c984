package admin_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

func (f *fixture) newKey(t *testing.T, ref string, in admin.NewKey) (tenancy.APIKey, string) {
	t.Helper()
	key, secret, err := f.CreateKey(t.Context(), superAdmin, ref, in)
	require.NoError(t, err)
	return key, secret
}

func TestPlatformTokenAuthenticatesASuperAdmin(t *testing.T) {
	t.Parallel()
	got, err := newFixture(t).Authenticate(t.Context(), platformToken)
	require.NoError(t, err)
	assert.Equal(t, superAdmin, got)
}

func TestKeyAuthenticatesWithItsTenantAndRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key, secret := f.newKey(t, "acme", admin.NewKey{Name: "ci", Role: tenancy.Editor})
	got, err := f.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, tenancy.Principal{
		Kind: tenancy.KeyPrincipal, ID: key.ID, Name: "ci",
		Roles: map[tenancy.ID]tenancy.Role{f.acme.ID: tenancy.Editor}, KeyTenant: f.acme.ID,
	}, got)
}

func TestInvalidBearerTokensGetTheSameError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, expired := f.newKey(t, "acme",
		admin.NewKey{Name: "short", Role: tenancy.Admin, ExpiresAt: start.Add(time.Hour)})
	revokedKey, revoked := f.newKey(t, "acme", admin.NewKey{Name: "old", Role: tenancy.Admin})
	require.NoError(t, f.RevokeKey(t.Context(), superAdmin, "acme", revokedKey.ID))
	_, orphan := f.newKey(t, "globex", admin.NewKey{Name: "orphan", Role: tenancy.Admin})
	_, err := f.DeleteTenant(t.Context(), superAdmin, "globex")
	require.NoError(t, err)
	*f.clock = start.Add(time.Hour)

	var message string
	for name, bearer := range map[string]string{
		"empty":                          "",
		"another text":                   "another token",
		"a part of the platform token":   platformToken[1:],
		"the platform token and a space": platformToken + " ",
		"the platform token in capitals": strings.ToUpper(platformToken),
		"the hash of the platform token": hashText(platformToken),
		"an unknown key":                 tenancy.NewKeySecret(),
		"an expired key":                 expired,
		"a revoked key":                  revoked,
		"a key of a deleted tenant":      orphan,
		"half a key":                     orphan[:20],
		"a key's prefix":                 tenancy.KeyPrefix,
		"two secrets":                    expired + revoked,
		"a statement for a database":     "' OR 1=1 --",
		"a very long text":               strings.Repeat("x", 1<<20),
	} {
		got, err := f.Authenticate(t.Context(), bearer)
		wantCode(t, tenancy.CodeUnauthenticated, err)
		assert.Zero(t, got, name)
		var e *tenancy.Error
		require.ErrorAs(t, err, &e)
		if message == "" {
			message = e.Message
		}
		assert.Equal(t, message, e.Message, name)
		assert.Empty(t, e.Details, name)
	}
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return string(sum[:])
}

func TestKeyIsAcceptedUntilItExpires(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, secret := f.newKey(t, "acme",
		admin.NewKey{Name: "ci", Role: tenancy.Viewer, ExpiresAt: start.Add(time.Hour)})
	*f.clock = start.Add(time.Hour - time.Microsecond)
	_, err := f.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	*f.clock = start.Add(time.Hour)
	_, err = f.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
}

func TestNoTokenIsThePlatformsWithoutAHash(t *testing.T) {
	t.Parallel()
	s := newFixture(t).ports
	for name, hash := range map[string][sha256.Size]byte{
		"none":                    {},
		"that of the empty token": sha256.Sum256(nil),
	} {
		service := admin.New(s, admin.Options{PlatformTokenHash: hash})
		for _, bearer := range []string{"", platformToken, strings.Repeat("\x00", sha256.Size)} {
			_, err := service.Authenticate(t.Context(), bearer)
			assert.Equal(t, tenancy.CodeUnauthenticated, tenancy.CodeOf(err), "%s: %q", name,
				bearer)
		}
	}
}

// failingKeyFinder is an unreachable key store.
type failingKeyFinder struct{ err error }

func (b failingKeyFinder) Find(context.Context, tenancy.KeyHash) (tenancy.APIKey, error) {
	return tenancy.APIKey{}, b.err
}

func TestStoreErrorIsReturnedUnchanged(t *testing.T) {
	t.Parallel()
	s := newFixture(t).ports
	for _, fault := range []error{
		errors.New("connection refused"),
		tenancy.Errorf(tenancy.CodeUnavailable, "the database is out of reach"),
	} {
		s.KeyFinder = failingKeyFinder{fault}
		service := admin.New(s, admin.Options{})
		_, err := service.Authenticate(t.Context(), tenancy.NewKeySecret())
		assert.Same(t, fault, err)
	}
}
