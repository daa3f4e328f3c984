package scopedtest

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func bookCount(t *testing.T, ctx context.Context, s *postgres.Scoped) int64 {
	t.Helper()
	n, err := s.NewSelect().Model((*book)(nil)).Count(ctx)
	require.NoError(t, err)
	return n
}

func removeBook(t *testing.T, ctx context.Context, s *postgres.Scoped, id int64) {
	t.Helper()
	result, err := s.NewDelete().Model(&book{ID: id}).WherePK().Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, 1, result)
}

func TestTransactionIsConfinedAndRollsBack(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	inRolledBackTx(t, s, ctx, func(ctx context.Context, tx *postgres.Scoped) {
		result, err := tx.NewRaw("DELETE FROM books").Exec(ctx)
		require.NoError(t, err)
		requireAffected(t, booksEach, result)
		require.Zero(t, bookCount(t, ctx, tx))
	})
	require.Panics(t, func() {
		_ = s.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			removeBook(t, ctx, tx, 1)
			panic("in the transaction")
		})
	})
	require.EqualValues(t, booksEach, bookCount(t, ctx, s))
	require.NoError(t, s.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		removeBook(t, ctx, tx, 1)
		return nil
	}))
	require.EqualValues(t, booksEach-1, bookCount(t, ctx, s))
	err := s.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx *postgres.Scoped) error {
			return errorOf(tx.NewDelete().Model(&book{ID: 2}).WherePK().Exec(ctx))
		})
	require.ErrorContains(t, err, "read-only")
}

func TestNestedTransactionsAreSavepoints(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	require.NoError(t, s.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		removeBook(t, ctx, tx, 1)
		err := tx.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			removeBook(t, ctx, tx, 2)
			require.NoError(t, tx.RunInTx(ctx, nil,
				func(ctx context.Context, tx *postgres.Scoped) error {
					removeBook(t, ctx, tx, 3)
					return nil
				}))
			return errUndo
		})
		require.ErrorIs(t, err, errUndo)
		require.EqualValues(t, booksEach-1, bookCount(t, ctx, tx),
			"the inner transaction is undone with those it contains")

		err = tx.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			return errorOf(tx.NewRaw("SELECT 1/0").Exec(ctx))
		})
		require.ErrorContains(t, err, "division by zero")
		require.EqualValues(t, booksEach-1, bookCount(t, ctx, tx),
			"an error in a savepoint leaves the transaction usable")

		inner, cancel := context.WithCancel(ctx)
		err = tx.RunInTx(inner, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			removeBook(t, ctx, tx, 2)
			cancel()
			return ctx.Err()
		})
		require.ErrorIs(t, err, context.Canceled)
		require.EqualValues(t, booksEach-1, bookCount(t, ctx, tx),
			"what an inner transaction did before its context ended is undone, too")
		return nil
	}))
	require.EqualValues(t, booksEach-1, bookCount(t, ctx, s))
	require.Contains(t, l.rows(t, l.acme), "acme book 2")
}

// After an error PostgreSQL continues only from the savepoint. A caller that ignores an error
// within a savepoint gets errors from it and from the transaction, which is rolled back.
func TestIgnoredErrorInASavepointRollsBackTheTransaction(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	err := s.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		removeBook(t, ctx, tx, 1)
		err := tx.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			_, _ = tx.NewRaw("SELECT 1/0").Exec(ctx)
			return nil
		})
		require.ErrorContains(t, err, "aborted")
		return nil
	})
	require.ErrorIs(t, err, sql.ErrTxDone)
	require.EqualValues(t, booksEach, bookCount(t, ctx, s))
}

// The outer handle uses another connection. It wouldn't see the transaction's rows, and would wait
// for ever in a small pool.
func TestOuterHandleWithinATransactionIsAnError(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	outerCtx := l.in(t, l.acme)
	outer := l.db.Scoped(outerCtx)
	var kept context.Context
	require.NoError(t, outer.RunInTx(outerCtx, nil,
		func(ctx context.Context, tx *postgres.Scoped) error {
			kept = ctx
			again := l.db.Scoped(ctx)
			nothing := func(context.Context, *postgres.Scoped) error {
				return errors.New("the function was called")
			}
			for name, err := range map[string]error{
				"select": outer.NewSelect().Model((*book)(nil)).Scan(ctx, &[]book{}),
				"count":  errorOf(outer.NewSelect().Model((*book)(nil)).Count(ctx)),
				"delete": errorOf(outer.NewDelete().Model((*book)(nil)).Where("true").
					Exec(ctx)),
				"raw":             errorOf(outer.ExecContext(ctx, "SELECT 1")),
				"transaction":     outer.RunInTx(ctx, nil, nothing),
				"a new handle":    errorOf(again.NewSelect().Model((*book)(nil)).Count(outerCtx)),
				"its transaction": again.RunInTx(outerCtx, nil, nothing),
				"within a savepoint": tx.RunInTx(ctx, nil,
					func(ctx context.Context, _ *postgres.Scoped) error {
						return errorOf(outer.NewSelect().Model((*book)(nil)).Count(ctx))
					}),
			} {
				require.Equal(t, tenancy.CodeInternal, tenancy.CodeOf(err), "%s: %v", name, err)
				require.ErrorContains(t, err, "the handle that it gives", name)
			}
			require.EqualValues(t, booksEach, bookCount(t, ctx, tx))
			require.EqualValues(t, booksEach, bookCount(t, outerCtx, tx),
				"the tenant's context works, too")
			return nil
		}))
	require.EqualValues(t, booksEach, bookCount(t, kept, outer),
		"the context of an ended transaction can be used outside of it")

	var gone *postgres.Scoped
	require.NoError(t, outer.RunInTx(outerCtx, nil,
		func(_ context.Context, tx *postgres.Scoped) error {
			gone = tx
			return nil
		}))
	_, err := gone.NewSelect().Model((*book)(nil)).Count(outerCtx)
	require.ErrorIs(t, err, sql.ErrTxDone)
}

func TestHandleOfAnotherTransactionIsAnError(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	require.NoError(t, l.db.Scoped(ctx).
		RunInTx(ctx, nil, func(first context.Context, one *postgres.Scoped) error {
			return l.db.Scoped(ctx).
				RunInTx(ctx, nil, func(second context.Context, two *postgres.Scoped) error {
					require.ErrorContains(t, errorOf(one.NewSelect().Table("books").Count(second)),
						"the handle that it gives")
					require.ErrorContains(t, errorOf(two.NewSelect().Table("books").Count(first)),
						"the handle that it gives")
					return nil
				})
		}))
}

// Goroutines of two tenants use one transaction.
func TestTransactionRefusesGoroutinesOfAnotherTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	acme, other := l.in(t, l.acme), l.in(t, l.other)
	require.NoError(t, l.db.Scoped(acme).
		RunInTx(acme, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			var wg sync.WaitGroup
			var oneAtATime sync.Mutex // a transaction's connection runs one statement at a time
			own := func() {
				oneAtATime.Lock()
				defer oneAtATime.Unlock()
				n, err := tx.NewSelect().Model((*book)(nil)).Where("title LIKE 'acme%'").Count(ctx)
				assert.NoError(t, err)
				assert.EqualValues(t, booksEach, n)
			}
			foreign := func() {
				for _, ctx := range []context.Context{other, tenancy.NewContext(ctx, l.other)} {
					err := errorOf(tx.NewRaw("UPDATE books SET title = 'mixed up'").Exec(ctx))
					assert.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), err)
				}
				n, err := l.db.Scoped(other).NewSelect().Table("books").
					Where("title LIKE 'other%'").Count(other)
				assert.NoError(t, err)
				assert.EqualValues(t, booksEach, n)
			}
			for range 4 {
				for _, fn := range []func(){own, foreign} {
					wg.Go(func() {
						for range 20 {
							fn()
						}
					})
				}
			}
			wg.Wait()
			return nil
		}))
	require.NotContains(t, l.rows(t, l.acme)+l.rows(t, l.other), "mixed up")
}

// A context that ends during a statement leaves no state on the connection. With a pool of one, the
// next tenant gets the same connection or a new one.
func TestCancelledStatementLeavesNoStateOnItsConnection(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	fixture.Exec(t, l.superuser, "DROP INDEX books_isbn") // Open refuses it when tenancy is on
	o := libraryOptions(l.url, true)
	o.MaxConns = 1
	db := fixture.Open(t, o)

	acme, other := l.in(t, l.acme), l.in(t, l.other)
	within := func(fn func(ctx context.Context) error) error {
		ctx, cancel := context.WithTimeout(acme, 50*time.Millisecond)
		defer cancel()
		return fn(ctx)
	}
	for name, broken := range map[string]func(ctx context.Context) error{
		"a statement": func(ctx context.Context) error {
			return errorOf(db.Scoped(ctx).NewRaw("SELECT pg_sleep(5)").Exec(ctx))
		},
		"a scan": func(ctx context.Context) error {
			return db.Scoped(ctx).NewSelect().Model((*book)(nil)).ColumnExpr("pg_sleep(5)::text").
				Scan(ctx, &[]string{})
		},
		"a transaction": func(ctx context.Context) error {
			return db.Scoped(ctx).RunInTx(ctx, nil,
				func(ctx context.Context, tx *postgres.Scoped) error {
					if err := errorOf(tx.NewUpdate().Model((*book)(nil)).Set("title = 'half'").
						Where("true").Exec(ctx)); err != nil {
						return err
					}
					return errorOf(tx.NewRaw("SELECT pg_sleep(5)").Exec(ctx))
				})
		},
		"a savepoint": func(ctx context.Context) error {
			return db.Scoped(ctx).RunInTx(ctx, nil,
				func(ctx context.Context, tx *postgres.Scoped) error {
					return tx.RunInTx(ctx, nil,
						func(ctx context.Context, tx *postgres.Scoped) error {
							_, err := tx.NewUpdate().Model((*book)(nil)).Set("title = 'half'").
								Where("true").Exec(ctx)
							<-ctx.Done()
							return errors.Join(err, ctx.Err())
						})
				})
		},
		"rows half read": func(ctx context.Context) error {
			rows, err := db.Scoped(ctx).
				QueryContext(ctx, "SELECT i FROM books, generate_series(1, 100000) AS i")
			if err != nil {
				return err
			}
			defer rows.Close()
			rows.Next()
			<-ctx.Done()
			for rows.Next() {
			}
			return rows.Err()
		},
	} {
		require.Error(t, within(broken), name)
		for range 3 {
			for _, ctx := range []context.Context{other, acme} {
				ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
				require.EqualValues(t, booksEach, bookCount(t, ctx, db.Scoped(ctx)), name)
				var all int
				require.NoError(t, db.Scoped(ctx).NewRaw("SELECT count(*) FROM books").
					Scan(ctx, &all), name)
				require.Equal(t, booksEach, all, name)
				cancel()
			}
		}
	}
	require.NotContains(t, l.rows(t, l.acme), "half")
}

func TestTransactionOfACallWithoutItsRightIsRolledBack(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	right := tenancy.Right{Principal: tenancy.Principal{Kind: tenancy.PlatformToken,
		SuperAdmin: true}, Tenant: l.acme, Needs: tenancy.ResourceWrite}
	ctx := tenancy.WithRight(l.in(t, l.acme), right)
	s := l.db.Scoped(ctx)
	removeBookAnd := func(then func()) error {
		return s.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			removeBook(t, ctx, tx, 1)
			then()
			return nil
		})
	}
	err := removeBookAnd(func() {
		tenant, err := l.db.Tenants().Get(t.Context(), l.acme)
		require.NoError(t, err)
		tenant.State = tenancy.Suspended
		_, err = l.db.Tenants().Update(t.Context(), tenant)
		require.NoError(t, err)
	})
	require.Equal(t, tenancy.CodeTenantSuspended, tenancy.CodeOf(err), "%v", err)
	require.EqualValues(t, booksEach, bookCount(t, ctx, s))

	right.Tenant = l.other
	err = s.RunInTx(tenancy.WithRight(ctx, right), nil,
		func(context.Context, *postgres.Scoped) error { return nil })
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), "%v", err)

	right.Tenant, right.InAnyState = l.acme, true
	ctx = tenancy.WithRight(ctx, right)
	require.NoError(t, removeBookAnd(func() {}))
	require.EqualValues(t, booksEach-1, bookCount(t, ctx, s))
}
