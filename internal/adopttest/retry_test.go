package adopttest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
)

// A lock held for longer than LockTimeout delays the adoption and doesn't end it.
func TestStatementIsRetriedWhileItsLockIsHeld(t *testing.T) {
	t.Parallel()
	url := database(t)
	db := open(t, url)
	held, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = held.ExecContext(t.Context(), `LOCK TABLE "Shop"."Customers" IN ACCESS SHARE MODE`)
	require.NoError(t, err)
	waited := 0
	err = postgres.MigrateUp(t.Context(), options(url, false), adoption.Options{
		LockTimeout: 50 * time.Millisecond, OnEvent: func(e adoption.Event) error {
			if e.Kind == "waited" {
				if waited++; waited == 3 {
					return held.Rollback()
				}
			}
			return nil
		}})
	require.NoError(t, err)
	require.Equal(t, 3, waited)
}
