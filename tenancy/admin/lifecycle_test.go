package admin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

func TestPurgeIsConfirmedByTheSlug(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, confirm := range []string{"", "acme", "GONE", f.gone.ID.String()} {
		_, err := f.PurgeTenant(t.Context(), superAdmin, "gone", confirm)
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/confirm", err)
	}
	assert.Equal(t, f.gone, f.stored(t, f.gone.ID))
	for _, alive := range []string{"acme", "frozen", "default"} {
		_, err := f.PurgeTenant(t.Context(), superAdmin, alive, alive)
		wantCode(t, tenancy.CodeInvalidState, err)
	}
	certificate, err := f.PurgeTenant(t.Context(), superAdmin, f.gone.ID.String(), "gone")
	require.NoError(t, err)
	assert.Equal(t, f.gone.ID, certificate.Tenant)
	_, err = f.RestoreTenant(t.Context(), superAdmin, "gone")
	assert.Same(t, tenancy.ErrTenantNotFound, err)
	_, err = f.CreateTenant(t.Context(), superAdmin, admin.NewTenant{Slug: "gone", Name: "Heir"})
	wantCode(t, tenancy.CodeSlugTaken, err)
}

func TestAdminKeyCanRotateItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old, secret := f.newKey(t, "acme",
		admin.NewKey{Name: "ci", Role: tenancy.Admin, ExpiresAt: start.Add(time.Hour)})
	itself, err := f.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	*f.clock = start.Add(30 * time.Minute)
	next, nextSecret, err := f.RotateKey(t.Context(), itself, "acme", old.ID, 10*time.Minute)
	require.NoError(t, err)
	assert.Zero(t, next.Hash)
	assert.Equal(t, "ci", next.Name)
	assert.Equal(t, tenancy.Admin, next.Role)
	assert.Equal(t, time.Hour, next.ExpiresAt.Sub(next.CreatedAt))
	assert.Equal(t, tenancy.Actor{Kind: tenancy.KeyPrincipal, ID: old.ID, Name: "ci"},
		next.CreatedBy)

	*f.clock = start.Add(40*time.Minute - time.Microsecond)
	_, err = f.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	*f.clock = start.Add(40 * time.Minute)
	_, err = f.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
	got, err := f.Authenticate(t.Context(), nextSecret)
	require.NoError(t, err)
	assert.Equal(t, next.ID, got.ID)
}

func TestRotateKeyRefusesInvalidOverlaps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key, secret := f.newKey(t, "acme", admin.NewKey{Name: "ci", Role: tenancy.Viewer})
	for _, overlap := range []time.Duration{-1, admin.MaxOverlap + 1, 1<<63 - 1} {
		_, _, err := f.RotateKey(t.Context(), superAdmin, "acme", key.ID, overlap)
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/overlap", err)
	}
	_, err := f.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	_, _, err = f.RotateKey(t.Context(), superAdmin, "gone", key.ID, 0)
	wantCode(t, tenancy.CodeInvalidState, err)
}

// refusingKeyFinder finds no key and counts its calls.
type refusingKeyFinder struct{ calls *int }

func (c refusingKeyFinder) Find(context.Context, tenancy.KeyHash) (tenancy.APIKey, error) {
	*c.calls++
	return tenancy.APIKey{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "no such key")
}

func TestMalformedKeyDoesNotReachTheStore(t *testing.T) {
	t.Parallel()
	s := newFixture(t).ports
	calls := 0
	s.KeyFinder = refusingKeyFinder{&calls}
	service := admin.New(s, admin.Options{})
	secret := tenancy.NewKeySecret()
	for _, bearer := range []string{
		secret[:len(secret)-1], secret + "0", secret[:len(secret)-8] + "00000000",
		strings.Replace(secret, "bwk_", "bwq_", 1), strings.ToUpper(secret),
		"bwk_" + strings.Repeat("a", 40),
	} {
		_, err := service.Authenticate(t.Context(), bearer)
		wantCode(t, tenancy.CodeUnauthenticated, err)
	}
	assert.Zero(t, calls)
	_, err := service.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
	assert.Equal(t, 1, calls)
}
