package tenanttest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// limit sets a tenant's quotas of resources.
func limit(t *testing.T, w fixture.World, tenant tenancy.ID, resources map[string]int64) {
	t.Helper()
	stored, err := w.DB.Tenants().Get(t.Context(), tenant)
	require.NoError(t, err)
	stored.Quotas.Resources = resources
	_, err = w.DB.Tenants().Update(t.Context(), stored)
	require.NoError(t, err)
}

// count returns how many rows of a table a tenant sees.
func count(t *testing.T, w fixture.World, tenant tenancy.ID, table string) (n int) {
	t.Helper()
	ctx := w.In(t, tenant)
	require.NoError(t, w.DB.Scoped(ctx).NewRaw("SELECT count(*) FROM "+table).Scan(ctx, &n))
	return n
}

// The writers use the port, imports and several forms of raw SQL.
func TestFiftyConcurrentWritersDoNotExceedTheQuota(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	const allowed = 37
	limit(t, w, w.Acme, map[string]int64{"maker": allowed})
	raw := func(ctx context.Context, statement string) error {
		_, err := w.DB.Scoped(ctx).NewRaw(statement).Exec(ctx)
		return err
	}
	writes := []func(ctx context.Context, i int) error{
		func(ctx context.Context, i int) error {
			_, _, err := w.DB.Services().
				Resources.Put(ctx, w.Acme, makerItem(fmt.Sprint("put ", i)), ports.Condition{})
			return err
		},
		func(ctx context.Context, i int) error {
			return importMakers(ctx, w.DB, w.Acme, makerItem(fmt.Sprint("import ", i)),
				makerItem(fmt.Sprint("imported ", i)))
		},
		func(ctx context.Context, i int) error {
			return raw(ctx, fmt.Sprintf("INSERT INTO makers (name) VALUES ('raw %d')", i))
		},
		func(ctx context.Context, i int) error {
			return raw(ctx, fmt.Sprintf(
				"WITH m AS (INSERT INTO makers (name) SELECT 'cte %d ' || n"+
					" FROM generate_series(1, 3) n RETURNING 1) SELECT count(*) FROM m", i))
		},
		func(ctx context.Context, i int) error {
			return w.DB.Scoped(ctx).
				RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
					for n := range 2 {
						if _, err := tx.NewRaw(fmt.Sprintf(
							"INSERT INTO makers (name) VALUES ('tx %d %d') ON CONFLICT DO NOTHING",
							i, n)).Exec(ctx); err != nil {
							return err
						}
					}
					return nil
				})
		},
	}
	var writers sync.WaitGroup
	var refused, failed atomic.Int64
	for i := range 50 {
		writers.Go(func() {
			err := writes[i%len(writes)](tenancy.NewContext(context.WithoutCancel(t.Context()),
				w.Acme), i)
			switch {
			case err == nil:
			case tenancy.CodeOf(err) == tenancy.CodeQuotaExceeded, sqlState(err) == "BW002":
				refused.Add(1)
			default:
				failed.Add(1)
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	writers.Wait()
	held := count(t, w, w.Acme, "makers")
	require.LessOrEqual(t, held, allowed)
	require.Greater(t, held, allowed-3, "%d were refused", refused.Load())
	require.Positive(t, refused.Load())
	fixture.PutWidget(t, w.DB, w.Other, "another tenant's", "has no quota")
}

// sqlState returns the SQLSTATE of a database's error.
func sqlState(err error) string {
	if e, ok := errors.AsType[interface {
		error
		Field(byte) string
	}](err); ok {
		return e.Field('C')
	}
	return ""
}

func makerItem(name string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: "maker", Name: name}, Spec: []byte(`{}`)}
}

// importMakers imports items in one import.
func importMakers(
	ctx context.Context, db *postgres.DB, tenant tenancy.ID, items ...federation.Item,
) error {
	staged := func(yield func(federation.Item, error) bool) {
		for _, item := range items {
			checked, err := db.Kinds().Check(item)
			checked.Version = 1
			if !yield(checked, err) {
				return
			}
		}
	}
	return db.Services().Transfers.Import(ctx, tenant, func(im ports.Import) error {
		if err := im.Stage(ctx, federation.Source{}, iter.Seq2[federation.Item, error](staged)); err != nil {
			return err
		}
		return fixture.ApplyAll(ctx, im)
	})
}

func TestLoweredQuotaRefusesOnlyNewRows(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	limit(t, w, w.Acme, map[string]int64{"widget": 1})
	ctx := w.In(t, w.Acme)
	fixture.PutWidget(t, w.DB, w.Acme, "w0", "replaced")
	for _, statement := range []string{
		"UPDATE widgets SET description = 'changed'",
		"INSERT INTO widgets (name) VALUES ('w0') ON CONFLICT (tenant_id, name) DO UPDATE" +
			" SET description = 'merged'",
		"INSERT INTO widgets (name) SELECT 'none' WHERE false",
		"DELETE FROM widgets WHERE name = 'w2'",
	} {
		_, err := w.DB.Scoped(ctx).NewRaw(statement).Exec(ctx)
		require.NoError(t, err, statement)
	}
	_, err := w.DB.Scoped(ctx).NewRaw("INSERT INTO widgets (name) VALUES ('new')").Exec(ctx)
	require.Equal(t, "BW002", sqlState(err), "%v", err)
	require.Equal(t, 2, count(t, w, w.Acme, "widgets"))
}

func TestStatementThatChangesTheTenantSettingIsCounted(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	limit(t, w, w.Acme, map[string]int64{"maker": 0})
	ctx := w.In(t, w.Acme)
	fixture.RequireRefused(t, ctx, w.DB,
		"INSERT INTO makers (name) VALUES ('m') RETURNING set_config('bailiwick.tenant', '', true)",
		"INSERT INTO makers (name) VALUES ('m') RETURNING set_config('bailiwick.tenant', '"+
			w.Other.String()+"', true)",
	)
	require.Zero(t, count(t, w, w.Acme, "makers"))
}
