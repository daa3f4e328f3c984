package isolationtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"github.com/uptrace/bun"
)

const (
	bunTxAttack = "bun.Tx of IDB: SELECT, INSERT, UPDATE, DELETE"
	sqlDBAttack = "sql.DB: statements, prepared ones and transactions"
)

// attackHostSQL attacks each declared model through what a host gets for code that isn't written
// for Scoped: it has no filter.
func (e *examination) attackHostSQL(ctx context.Context) {
	ctx = bindTenant(ctx, e.attacker.ID)
	for i, model := range e.internals.Models {
		name := string(e.internals.Owner.Table(reflect.TypeOf(model).Elem()).SQLName)
		tenant := e.internals.ModelColumn[i]
		e.runBuilderAttacks(ctx, bunTxAttack, model, e.bunTxAttacks(model, name, tenant))
		e.runBuilderAttacks(ctx, sqlDBAttack, model, e.sqlDBAttacks(name, tenantSQL(tenant)))
	}
}

// bunTxAttacks are made in a transaction of bun, which is rolled back.
func (e *examination) bunTxAttacks(model any, name, tenant string) []builderAttack {
	column := bun.Ident(e.writableColumn(model, tenant))
	in := func(attempt func(ctx context.Context, tx bun.Tx) (string, error)) builderAttack {
		return func(ctx context.Context) (breach string, err error) {
			err = e.db.IDB(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				var err error
				if breach, err = attempt(ctx, tx); err != nil {
					return err
				}
				return errRollBack
			})
			if errors.Is(err, errRollBack) {
				err = nil
			}
			return breach, err
		}
	}
	victim := e.victim.ID
	return []builderAttack{
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			return reached(tx.NewSelect().Model(model).Where(isVictims(tenant), victim).Count(ctx))
		}),
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			var n int64
			err := tx.NewRaw("SELECT count(*) FROM "+name+" AS t WHERE ? = t."+tenantSQL(tenant),
				victim).Scan(ctx, &n)
			return reached(n, err)
		}),
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			return reached(tx.NewSelect().TableExpr(name+" AS t").
				Where("? <> t."+tenantSQL(tenant), e.attacker.ID).Count(ctx))
		}),
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			return changed(tx.NewUpdate().Model(model).Set("? = ?", column, column).
				Where(isVictims(tenant), victim).Exec(ctx))
		}),
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			return changed(tx.NewDelete().Model(model).ForceDelete().Where(isVictims(tenant), victim).
				Exec(ctx))
		}),
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			return refusedRow(tx.NewInsert().
				Model(reflect.New(reflect.TypeOf(model).Elem()).Interface()).
				Value(tenant, "?", victim).Exec(ctx))
		}),
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			return refusedRow(tx.NewUpdate().Model(model).Set(tenantSQL(tenant)+" = ?", victim).
				Where("TRUE").Exec(ctx))
		}),
		in(func(ctx context.Context, tx bun.Tx) (string, error) {
			return otherContext(tx.ExecContext(bindTenant(ctx, victim), "SELECT 1"))
		}),
	}
}

func (e *examination) sqlDBAttacks(name, tenant string) []builderAttack {
	count, remove := "SELECT count(*) FROM "+name+" AS t WHERE $1 = t."+tenant+"::text",
		"DELETE FROM "+name+" AS t WHERE $1 = t."+tenant+"::text"
	victim := e.victim.ID.String()
	return []builderAttack{
		func(ctx context.Context) (string, error) {
			var n int64
			err := e.db.SQL().QueryRowContext(ctx, count, victim).Scan(&n)
			return reached(n, err)
		},
		func(ctx context.Context) (string, error) {
			return changed(e.db.SQL().ExecContext(ctx, remove, victim))
		},
		func(ctx context.Context) (string, error) { // prepared for the victim
			prepared, err := e.db.SQL().PrepareContext(bindTenant(ctx, e.victim.ID), count)
			if err != nil {
				return "", err
			}
			defer prepared.Close()
			var n int64
			err = prepared.QueryRowContext(ctx, victim).Scan(&n)
			return reached(n, err)
		},
		func(ctx context.Context) (string, error) { // a connection of the victim
			conn, err := e.db.SQL().Conn(bindTenant(ctx, e.victim.ID))
			if err != nil {
				return "", err
			}
			defer conn.Close()
			var n int64
			err = conn.QueryRowContext(ctx, count, victim).Scan(&n)
			return reached(n, err)
		},
		func(ctx context.Context) (string, error) { // a transaction of the victim
			tx, err := e.db.SQL().BeginTx(bindTenant(ctx, e.victim.ID), nil)
			if err != nil {
				return "", err
			}
			defer func() { _ = tx.Rollback() }()
			return otherContext(tx.ExecContext(ctx, remove, victim))
		},
	}
}

func reached[N int | int64](n N, err error) (string, error) {
	if n != 0 {
		return fmt.Sprintf("reached %d rows", n), err
	}
	return "", err
}

// refusedRow returns the breach of a write for the other tenant that the database didn't refuse.
func refusedRow(_ sql.Result, err error) (string, error) {
	if state := sqlState(err); state == stateNoPrivilege || state == stateNotUpdatable {
		return "", nil
	}
	return fmt.Sprintf("a row for the other tenant wasn't refused: %v", err), nil
}

func otherContext(_ sql.Result, err error) (string, error) {
	if !refusedByLibrary(err) {
		return fmt.Sprintf("a context of the other tenant is accepted: %v", err), nil
	}
	return "", nil
}
