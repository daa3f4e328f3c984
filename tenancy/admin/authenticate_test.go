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

func (w *world) newKey(t *testing.T, ref string, in admin.NewKey) (tenancy.APIKey, string) {
	t.Helper()
	key, secret, err := w.CreateKey(t.Context(), super, ref, in)
	require.NoError(t, err)
	return key, secret
}

func TestThePlatformTokenMakesASuperAdmin(t *testing.T) {
	t.Parallel()
	got, err := newWorld(t).Authenticate(t.Context(), platformToken)
	require.NoError(t, err)
	assert.Equal(t, super, got)
}

func TestAKeyIsItsTenantAndRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, secret := w.newKey(t, "acme", admin.NewKey{Name: "ci", Role: tenancy.Editor})
	got, err := w.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	assert.Equal(t, tenancy.Principal{
		Kind: tenancy.KeyPrincipal, ID: key.ID, Name: "ci",
		Roles: map[tenancy.ID]tenancy.Role{w.acme.ID: tenancy.Editor}, KeyTenant: w.acme.ID,
	}, got)
}

func TestAllOtherTextsAreRefusedAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, expired := w.newKey(t, "acme",
		admin.NewKey{Name: "short", Role: tenancy.Admin, ExpiresAt: start.Add(time.Hour)})
	revokedKey, revoked := w.newKey(t, "acme", admin.NewKey{Name: "old", Role: tenancy.Admin})
	require.NoError(t, w.RevokeKey(t.Context(), super, "acme", revokedKey.ID))
	_, orphan := w.newKey(t, "globex", admin.NewKey{Name: "orphan", Role: tenancy.Admin})
	_, err := w.DeleteTenant(t.Context(), super, "globex")
	require.NoError(t, err)
	*w.clock = start.Add(time.Hour)

	var message string
	for name, bearer := range map[string]string{
		"nothing":                     "",
		"another text":                "let me in",
		"a part of the token":         platformToken[1:],
		"more than the token":         platformToken + " ",
		"the token in capitals":       strings.ToUpper(platformToken),
		"the token's hash":            hashText(platformToken),
		"a key that nobody has":       tenancy.NewKeySecret(),
		"an expired key":              expired,
		"a revoked key":               revoked,
		"a key of a deleted tenant":   orphan,
		"half a key":                  orphan[:20],
		"a key's prefix":              tenancy.KeyPrefix,
		"the secret of two keys":      expired + revoked,
		"a statement for a database":  "' OR 1=1 --",
		"more than anybody would say": strings.Repeat("x", 1<<20),
	} {
		got, err := w.Authenticate(t.Context(), bearer)
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

func TestAKeyWorksUntilTheMomentItExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, secret := w.newKey(t, "acme",
		admin.NewKey{Name: "ci", Role: tenancy.Viewer, ExpiresAt: start.Add(time.Hour)})
	*w.clock = start.Add(time.Hour - time.Microsecond)
	_, err := w.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	*w.clock = start.Add(time.Hour)
	_, err = w.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
}

func TestWithoutAHashNoTokenIsThePlatforms(t *testing.T) {
	t.Parallel()
	s := newWorld(t).ports
	for name, hash := range map[string][sha256.Size]byte{
		"none":                  {},
		"that of the empty one": sha256.Sum256(nil),
	} {
		service := admin.New(s, admin.Options{PlatformTokenHash: hash})
		for _, bearer := range []string{"", platformToken, strings.Repeat("\x00", sha256.Size)} {
			_, err := service.Authenticate(t.Context(), bearer)
			assert.Equal(t, tenancy.CodeUnauthenticated, tenancy.CodeOf(err), "%s: %q", name,
				bearer)
		}
	}
}

// brokenFinder is a key store that can't be reached.
type brokenFinder struct{ err error }

func (b brokenFinder) Find(context.Context, tenancy.KeyHash) (tenancy.APIKey, error) {
	return tenancy.APIKey{}, b.err
}

func TestAFaultOfTheStoreIsNotTheCallers(t *testing.T) {
	t.Parallel()
	s := newWorld(t).ports
	for _, fault := range []error{
		errors.New("connection refused"),
		tenancy.Errorf(tenancy.CodeUnavailable, "the database is out of reach"),
	} {
		s.KeyFinder = brokenFinder{fault}
		service := admin.New(s, admin.Options{})
		_, err := service.Authenticate(t.Context(), tenancy.NewKeySecret())
		assert.Same(t, fault, err)
	}
}
