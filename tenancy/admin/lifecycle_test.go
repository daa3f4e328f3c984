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
	w := newWorld(t)
	for _, confirm := range []string{"", "acme", "GONE", w.gone.ID.String()} {
		_, err := w.PurgeTenant(t.Context(), super, "gone", confirm)
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/confirm", err)
	}
	assert.Equal(t, w.gone, w.stored(t, w.gone.ID))
	for _, alive := range []string{"acme", "frozen", "default"} {
		_, err := w.PurgeTenant(t.Context(), super, alive, alive)
		wantCode(t, tenancy.CodeInvalidState, err)
	}
	certificate, err := w.PurgeTenant(t.Context(), super, w.gone.ID.String(), "gone")
	require.NoError(t, err)
	assert.Equal(t, w.gone.ID, certificate.Tenant)
	_, err = w.RestoreTenant(t.Context(), super, "gone")
	assert.Same(t, tenancy.ErrTenantNotFound, err)
	_, err = w.CreateTenant(t.Context(), super, admin.NewTenant{Slug: "gone", Name: "Heir"})
	wantCode(t, tenancy.CodeSlugTaken, err)
}

func TestAKeyOfAnAdminCanRotateItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, secret := w.newKey(t, "acme",
		admin.NewKey{Name: "ci", Role: tenancy.Admin, ExpiresAt: start.Add(time.Hour)})
	itself, err := w.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	*w.clock = start.Add(30 * time.Minute)
	next, nextSecret, err := w.RotateKey(t.Context(), itself, "acme", old.ID, 10*time.Minute)
	require.NoError(t, err)
	assert.Zero(t, next.Hash)
	assert.Equal(t, "ci", next.Name)
	assert.Equal(t, tenancy.Admin, next.Role)
	assert.Equal(t, time.Hour, next.ExpiresAt.Sub(next.CreatedAt))
	assert.Equal(t, tenancy.Actor{Kind: tenancy.KeyPrincipal, ID: old.ID, Name: "ci"},
		next.CreatedBy)

	*w.clock = start.Add(40*time.Minute - time.Microsecond)
	_, err = w.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	*w.clock = start.Add(40 * time.Minute)
	_, err = w.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
	got, err := w.Authenticate(t.Context(), nextSecret)
	require.NoError(t, err)
	assert.Equal(t, next.ID, got.ID)
}

func TestAnOverlapIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, secret := w.newKey(t, "acme", admin.NewKey{Name: "ci", Role: tenancy.Viewer})
	for _, overlap := range []time.Duration{-1, admin.MaxOverlap + 1, 1<<63 - 1} {
		_, _, err := w.RotateKey(t.Context(), super, "acme", key.ID, overlap)
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/overlap", err)
	}
	_, err := w.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	_, _, err = w.RotateKey(t.Context(), super, "gone", key.ID, 0)
	wantCode(t, tenancy.CodeInvalidState, err)
}

// countingFinder counts how often it is asked.
type countingFinder struct{ asked *int }

func (c countingFinder) Find(context.Context, tenancy.KeyHash) (tenancy.APIKey, error) {
	*c.asked++
	return tenancy.APIKey{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "no such key")
}

func TestWhatIsNoKeyDoesNotReachTheStore(t *testing.T) {
	t.Parallel()
	s := newWorld(t).ports
	asked := 0
	s.KeyFinder = countingFinder{&asked}
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
	assert.Zero(t, asked)
	_, err := service.Authenticate(t.Context(), secret)
	wantCode(t, tenancy.CodeUnauthenticated, err)
	assert.Equal(t, 1, asked)
}
