package isolationtest

import (
	"context"
	"fmt"
	"reflect"

	"github.com/uptrace/bun"
	bunschema "github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// The attacks below leave the handle: with queries that bun makes without it, with text that
// names a table, and with values for another tenant.

const (
	factoryAttack = "builder: queries of a query, its DB and connection"
	textAttack    = "builder: tables and sub-selects in text"
	valueAttack   = "builder: a row for the other in a CTE, SELECT or SET"
)

// builderTarget is the declared table that an attack reads or changes.
type builderTarget struct {
	e      *examination
	model  any
	table  *bunschema.Table
	tenant string // the column with the tenant's id
}

func (e *examination) attackBuilderText(ctx context.Context, model any, tenant string) {
	t := builderTarget{e: e, model: model, tenant: tenant,
		table: e.internals.Owner.Table(reflect.TypeOf(model).Elem())}
	e.runBuilderAttacks(ctx, factoryAttack, model, t.factories())
	e.runBuilderAttacks(ctx, textAttack, model, t.texts())
	e.runBuilderAttacks(ctx, valueAttack, model, t.values())
}

// counted is an attack that counts the victim's rows.
func (t builderTarget) counted(build func(*postgres.Scoped) *bun.SelectQuery) builderAttack {
	return func(ctx context.Context) (string, error) {
		n, err := build(t.e.db.Scoped(ctx)).Count(ctx)
		if n != 0 {
			return fmt.Sprintf("reached %d rows", n), err
		}
		return "", err
	}
}

// as returns text that names the table with an alias.
func (t builderTarget) as(alias string) string { return string(t.table.SQLName) + " AS " + alias }

func (t builderTarget) own(s *postgres.Scoped) *bun.SelectQuery {
	return s.NewSelect().Model(t.model)
}

func (t builderTarget) factories() []builderAttack {
	victims := "? = o." + tenantSQL(t.tenant)
	victim := t.e.victim.ID
	column := bun.Ident(t.e.writableColumn(t.model, t.tenant))
	return []builderAttack{
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return t.own(s).NewSelect().TableExpr(t.as("o")).Where(victims, victim)
		}),
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return s.NewSelect().TableExpr("(?) AS o",
				t.own(s).NewSelect().TableExpr(t.as("x"))).Where(victims, victim)
		}),
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return t.own(s).DB().NewSelect().TableExpr(t.as("o")).Where(victims, victim)
		}),
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return t.own(s).NewSelect().Conn(s).TableExpr(t.as("o")).Where(victims, victim)
		}),
		func(ctx context.Context) (string, error) {
			return changed(t.own(t.e.db.Scoped(ctx)).NewUpdate().Model(t.model).
				Set("? = ?", column, column).Where(isVictims(t.tenant), victim).Exec(ctx))
		},
		func(ctx context.Context) (string, error) {
			return changed(t.own(t.e.db.Scoped(ctx)).NewDelete().Model(t.model).ForceDelete().
				Where(isVictims(t.tenant), victim).Exec(ctx))
		},
	}
}

func (t builderTarget) texts() []builderAttack {
	victim, name := t.e.victim.ID, string(t.table.SQLName)
	tenant := tenantSQL(t.tenant)
	return []builderAttack{
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return t.own(s).ModelTableExpr(t.as(string(t.table.SQLAlias))+", "+t.as("o")).
				Where("? = o."+tenant, victim)
		}),
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return s.NewSelect().TableExpr("(SELECT * FROM "+name+") AS o").
				Where("? = o."+tenant, victim)
		}),
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return t.own(s).Where("EXISTS (SELECT FROM "+t.as("o")+" WHERE ? = o."+tenant+")",
				victim)
		}),
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			return t.own(s).Where("FALSE) OR (?0 = ?TableAlias."+tenant, victim)
		}),
		t.counted(func(s *postgres.Scoped) *bun.SelectQuery {
			stolen := t.own(s).NewSelect().TableExpr(t.as("o")).ColumnExpr("o." + tenant + " AS whose")
			both := t.own(s).ColumnExpr("?TableAlias." + tenant + " AS whose").UnionAll(stolen)
			return s.NewSelect().With("x", both).Table("x").Where("? = whose", victim)
		}),
	}
}

// values write a row of the attacker for the victim. Row security refuses it as its filter.
func (t builderTarget) values() []builderAttack {
	victim := t.e.victim.ID
	refused := func(build func(*postgres.Scoped) bun.Query) builderAttack {
		return func(ctx context.Context) (string, error) {
			s := t.e.db.Scoped(ctx)
			_, err := s.NewSelect().With("x", build(s)).Table("x").Exec(ctx)
			if state := sqlState(err); state == stateNoPrivilege || state == stateNotUpdatable ||
				refusedByLibrary(err) {
				return "", nil
			}
			return fmt.Sprintf("a row for the other tenant wasn't refused: %v", err), nil
		}
	}
	return []builderAttack{
		refused(func(s *postgres.Scoped) bun.Query {
			return s.NewInsert().Model(reflect.New(reflect.TypeOf(t.model).Elem()).Interface()).
				Value(t.tenant, "?", victim).Returning("1")
		}),
		refused(func(s *postgres.Scoped) bun.Query {
			return s.NewUpdate().Model(t.model).Set(tenantSQL(t.tenant)+"/**/ = ?", victim).Where("TRUE").
				Returning("1")
		}),
	}
}

// changed returns the breach of an attack that changed rows.
func changed(result interface{ RowsAffected() (int64, error) }, err error) (string, error) {
	if err != nil {
		return "", err
	}
	n, err := result.RowsAffected()
	if n != 0 {
		return fmt.Sprintf("changed %d rows", n), err
	}
	return "", err
}
