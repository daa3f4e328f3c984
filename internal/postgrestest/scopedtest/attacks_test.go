package scopedtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"
	bunschema "github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The statements below leave the filter. Tenancy is off, so that no policy applies: the filter
// alone must refuse them, before the database is asked.

type attack = func(ctx context.Context, s, other *postgres.Scoped) error

func selects(build func(s, other *postgres.Scoped) *bun.SelectQuery) attack {
	return func(ctx context.Context, s, other *postgres.Scoped) error {
		return errorOf(build(s, other).Exec(ctx))
	}
}

func updates(build func(s, other *postgres.Scoped) *bun.UpdateQuery) attack {
	return func(ctx context.Context, s, other *postgres.Scoped) error {
		return errorOf(build(s, other).Exec(ctx))
	}
}

func inserts(build func(s, other *postgres.Scoped) *bun.InsertQuery) attack {
	return func(ctx context.Context, s, other *postgres.Scoped) error {
		return errorOf(build(s, other).Exec(ctx))
	}
}

func deletes(build func(s, other *postgres.Scoped) *bun.DeleteQuery) attack {
	return func(ctx context.Context, s, other *postgres.Scoped) error {
		return errorOf(build(s, other).Exec(ctx))
	}
}

func books(s *postgres.Scoped) *bun.SelectQuery { return s.NewSelect().Model((*book)(nil)) }

// queryOf is a type of a host that writes SQL as it likes.
type queryOf string

func (q queryOf) AppendQuery(_ bunschema.QueryGen, b []byte) ([]byte, error) {
	return append(b, q...), nil
}

// factoryAttacks use what bun's queries make: other queries and their bun.DB.
var factoryAttacks = map[string]attack{
	"NewSelect of a table": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).NewSelect().Table("books")
	}),
	"NewSelect of a table expression": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).NewSelect().TableExpr("books AS x")
	}),
	"NewSelect with a ModelTableExpr": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).NewSelect().Model((*book)(nil)).ModelTableExpr("books AS b")
	}),
	"NewSelect in a condition": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		q := books(s)
		return q.Where("id IN (?)", q.NewSelect().Table("authors").Column("id"))
	}),
	"NewSelect in a CTE": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", books(s).NewSelect().Table("books")).Table("x")
	}),
	"NewSelect in a union": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).UnionAll(books(s).NewSelect().TableExpr("books AS b"))
	}),
	"Count of NewSelect": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewSelect().Table("books").Count(ctx))
	},
	"Exists of NewSelect": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewSelect().Table("books").Exists(ctx))
	},
	"Rows of NewSelect": func(ctx context.Context, s, _ *postgres.Scoped) error {
		_, err := books(s).NewSelect().Table("books").Rows(ctx) //nolint:rowserrcheck // an error
		return err
	},
	"NewUpdate": updates(func(s, _ *postgres.Scoped) *bun.UpdateQuery {
		return books(s).NewUpdate().Model((*book)(nil)).Set("title = 'x'").Where("true")
	}),
	"NewDelete": deletes(func(s, _ *postgres.Scoped) *bun.DeleteQuery {
		return books(s).NewDelete().Model((*book)(nil)).Where("true")
	}),
	"NewDelete of drafts": deletes(func(s, _ *postgres.Scoped) *bun.DeleteQuery {
		return books(s).NewDelete().Model((*draft)(nil)).Where("true")
	}),
	"NewInsert for the other": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return books(s).NewInsert().Model(&tag{ID: 9}).Value("tenant_id", "?", tenancy.NewID())
	}),
	"NewInsert over a row": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return books(s).NewInsert().Model(&book{ID: 9, ISBN: "other-1"}).
			On("CONFLICT (isbn) DO UPDATE").Set("title = 'x'")
	}),
	"NewRaw of a builder": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewRaw("SELECT * FROM books").Exec(ctx))
	},
	"NewSelect of a raw query": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewRaw("SELECT 1").NewSelect().Table("books")
	}),
	"NewSelect of a raw query with arguments": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return s.NewRaw("SELECT ?", 1).NewSelect().Table("books")
		}),
	"NewSelect of values": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewValues(&[]tag{{ID: 1}}).NewSelect().Table("books")
	}),
	"NewSelect of an insert": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewInsert().Model(&tag{}).NewSelect().Table("books")
	}),
	"NewTruncateTable": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewTruncateTable().Model((*tag)(nil)).Exec(ctx))
	},
	"NewDropTable": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewDropTable().Model((*tag)(nil)).Exec(ctx))
	},
	"NewCreateTable": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewCreateTable().Model((*tag)(nil)).Exec(ctx))
	},
	"NewCreateIndex": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewCreateIndex().Model((*tag)(nil)).Index("i").Column("id").
			Exec(ctx))
	},
	"NewDropIndex": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewDropIndex().Index("books_isbn").Exec(ctx))
	},
	"NewAddColumn": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewAddColumn().Model((*tag)(nil)).ColumnExpr("x int").Exec(ctx))
	},
	"NewDropColumn": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).NewDropColumn().Model((*tag)(nil)).Column("name").Exec(ctx))
	},
	"DB of a query": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).DB().NewSelect().Model((*book)(nil)).ModelTableExpr("books AS b")
	}),
	"DB of a raw query": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewRaw("SELECT 1").DB().NewSelect().Table("books")
	}),
	"SQL of a query's DB": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).DB().ExecContext(ctx, "DELETE FROM books"))
	},
	"the *sql.DB of a query's DB": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).DB().DB.ExecContext(ctx, "DELETE FROM books"))
	},
	"a transaction of a query's DB": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).DB().BeginTx(ctx, nil))
	},
	"a connection of a query's DB": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).DB().Conn(ctx))
	},
	"MERGE of a query's DB": func(ctx context.Context, s, _ *postgres.Scoped) error {
		return errorOf(books(s).DB().NewMerge().Model((*tag)(nil)).Using("authors AS a").
			On("true").WhenDelete("MATCHED").Exec(ctx))
	},
	"the handle as a connection": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).NewSelect().Table("books").Conn(s)
	}),
	"the other's handle as a connection": selects(
		func(s, other *postgres.Scoped) *bun.SelectQuery { return books(s).Conn(other) }),
	"the DB of a query in a condition": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Where("id IN (?)",
			books(s).DB().NewSelect().Table("authors").Column("id"))
	}),
}

// tableAttacks name a table in text, or change the tables of a query late.
var tableAttacks = map[string]attack{
	"Relation that changes the table of a has-many": func(
		ctx context.Context, s, _ *postgres.Scoped,
	) error {
		return s.NewSelect().Model(&[]author{}).Relation("Books",
			func(q *bun.SelectQuery) *bun.SelectQuery { return q.ModelTableExpr("books AS b") }).
			Scan(ctx)
	},
	"Relation that adds a table to a has-many": func(
		ctx context.Context, s, _ *postgres.Scoped,
	) error {
		return s.NewSelect().Model(&[]author{}).Relation("Books",
			func(q *bun.SelectQuery) *bun.SelectQuery { return q.TableExpr("books AS o") }).
			Scan(ctx)
	},
	"Relation that changes the table of a many-to-many": func(
		ctx context.Context, s, _ *postgres.Scoped,
	) error {
		return s.NewSelect().Model(&[]book{}).Relation("Tags",
			func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.ModelTableExpr("tags AS tag")
			}).Scan(ctx)
	},
	"Relation that changes the table of a belongs-to": func(
		ctx context.Context, s, _ *postgres.Scoped,
	) error {
		return s.NewSelect().Model(&[]book{}).Relation("Author",
			func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.ModelTableExpr("books AS b, books AS o")
			}).Scan(ctx)
	},
	"RelationWithOpts with a sub-query in its ON": func(
		ctx context.Context, s, _ *postgres.Scoped,
	) error {
		return s.NewSelect().Model(&[]book{}).RelationWithOpts("Author", bun.RelationOpts{
			AdditionalJoinOnConditions: []bunschema.QueryWithArgs{
				bun.SafeQuery("b.id IN (SELECT id FROM drafts)")},
		}).Scan(ctx)
	},
	"ModelTableExpr of two tables": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).ModelTableExpr("books AS b, books AS o").ColumnExpr("o.*")
	}),
	"ModelTableExpr of a join": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).ModelTableExpr("(books AS b JOIN books AS o ON true)").ColumnExpr("o.*")
	}),
	"ModelTableExpr of one table, with the other in a sub-query": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return books(s).ModelTableExpr("books AS o").ColumnExpr("o.id").
				Where("EXISTS (SELECT FROM books AS b WHERE b.id = o.id)")
		}),
	"ModelTableExpr of a DELETE": deletes(func(s, _ *postgres.Scoped) *bun.DeleteQuery {
		return s.NewDelete().Model((*book)(nil)).
			ModelTableExpr("books AS o USING books AS b, books AS p").Where("true")
	}),
	"TableExpr with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().TableExpr("(SELECT * FROM books) AS q")
	}),
	"TableExpr with a sub-select deep within": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return s.NewSelect().TableExpr("(SELECT * FROM (VALUES (1)) AS v(i)," +
				" LATERAL (SELECT * FROM books) AS l) AS q")
		}),
	"TableExpr with TABLE": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().TableExpr("(TABLE books) AS q")
	}),
	"TableExpr with a CTE": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().TableExpr("(WITH x AS (SELECT * FROM books) SELECT * FROM x) AS q")
	}),
	"TableExpr with a CTE of the same name": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return s.NewSelect().
				TableExpr("(WITH books AS (SELECT * FROM books) SELECT * FROM books) AS q")
		}),
	"TableExpr with a text argument": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().TableExpr("? AS x", bun.Safe("books AS y, authors"))
	}),
	"TableExpr with a host's own type": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().TableExpr("(?) AS x", queryOf("SELECT * FROM books"))
	}),
	"Where with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Where("id IN (SELECT id FROM authors)")
	}),
	"Where with a sub-select of the outer tenant or another": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return books(s).Where("EXISTS (SELECT FROM authors AS a" +
				" WHERE a.tenant_id = b.tenant_id OR a.id = b.id)")
		}),
	"Where with a sub-select joined to an unconfined one": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return books(s).Where("EXISTS (SELECT FROM authors AS a, authors AS c" +
				" WHERE a.tenant_id = c.tenant_id)")
		}),
	"Where that leaves its brackets": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Where("true) OR (true")
	}),
	"Where that hides a union": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Where("true) UNION (SELECT * FROM books").Column("id")
	}),
	"Where with a second statement": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Where("true); DELETE FROM books; SELECT (1")
	}),
	"Where with a raw query": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Where("id IN (?)", s.NewRaw("SELECT id FROM authors"))
	}),
	"Where of the query builder": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).ApplyQueryBuilder(func(q bun.QueryBuilder) bun.QueryBuilder {
			return q.Where("id IN (SELECT id FROM authors)")
		})
	}),
	"Unwrap of the query builder": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).QueryBuilder().Unwrap().(*bun.SelectQuery).NewSelect().Table("books")
	}),
	"ColumnExpr with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).ColumnExpr("(SELECT count(*) FROM authors)")
	}),
	"ColumnExpr that brings its own FROM": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).ColumnExpr("* FROM authors --")
	}),
	"DistinctOn with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).DistinctOn("(SELECT max(id) FROM authors)")
	}),
	"GroupExpr with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).ColumnExpr("1").GroupExpr("(SELECT max(id) FROM authors)")
	}),
	"Having with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).ColumnExpr("1").Having("(SELECT max(id) FROM authors) > 0")
	}),
	"OrderExpr with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).OrderExpr("(SELECT max(id) FROM authors)")
	}),
	"Replace": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return s.NewInsert().Model(&tag{ID: 9}).Replace()
	}),
	"For with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).For("UPDATE) UNION (SELECT * FROM books")
	}),
	"Join with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Join("JOIN (SELECT * FROM authors) AS a ON a.id = b.author_id")
	}),
	"JoinOn with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Join("JOIN authors AS a").JoinOn("a.id IN (SELECT id FROM drafts)")
	}),
	"JoinOnOr with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return books(s).Join("JOIN authors AS a").JoinOn("true").
			JoinOnOr("a.id IN (SELECT id FROM drafts)")
	}),
	"a model's text": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return s.NewInsert().Table("tags").Model(&map[string]any{"id": 9,
			"name": bun.Safe("(SELECT title FROM books LIMIT 1)")})
	}),
	"Value with a sub-select": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return s.NewInsert().Model(&tag{ID: 9}).Value("name", "(SELECT title FROM books LIMIT 1)")
	}),
	"Value of values with a sub-select": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("v", s.NewValues(&[]tag{{ID: 1}}).
			Value("name", "(SELECT title FROM books LIMIT 1)")).Table("v")
	}),
	"Set with a sub-select": updates(func(s, _ *postgres.Scoped) *bun.UpdateQuery {
		return s.NewUpdate().Model((*book)(nil)).Where("true").
			Set("title = (SELECT name FROM authors LIMIT 1)")
	}),
	"Set that brings its own FROM": updates(func(s, _ *postgres.Scoped) *bun.UpdateQuery {
		return s.NewUpdate().Model((*book)(nil)).Where("true").
			Set("title = a.name FROM authors AS a")
	}),
	"SetColumn with a sub-select": updates(func(s, _ *postgres.Scoped) *bun.UpdateQuery {
		return s.NewUpdate().Model((*book)(nil)).Where("true").
			SetColumn("title", "(SELECT name FROM authors LIMIT 1)")
	}),
	"Returning with a sub-select": deletes(func(s, _ *postgres.Scoped) *bun.DeleteQuery {
		return s.NewDelete().Model((*book)(nil)).Where("true").
			Returning("(SELECT max(id) FROM authors)")
	}),
	"Returning of an INSERT with a sub-select": inserts(
		func(s, _ *postgres.Scoped) *bun.InsertQuery {
			return s.NewInsert().Model(&tag{ID: 9}).Returning("(SELECT max(id) FROM authors)")
		}),
	"On with a sub-select": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return s.NewInsert().Model(&tag{ID: 1}).
			On("CONFLICT (tenant_id, id) DO UPDATE").Set("name = (SELECT title FROM books)")
	}),
	"On with its own WHERE": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return s.NewInsert().Model(&book{ID: 9, ISBN: "other-1"}).
			On("CONFLICT (isbn) DO UPDATE SET title = 'x' WHERE true OR ")
	}),
	"a name that hides in escapes": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().TableExpr(`(SELECT * FROM U&"b\006fok" ) AS q`)
	}),
	"the other's handle in a union": selects(func(s, other *postgres.Scoped) *bun.SelectQuery {
		return books(s).Union(books(other))
	}),
	"the other's handle in EXCEPT": selects(func(s, other *postgres.Scoped) *bun.SelectQuery {
		return books(s).Except(books(other))
	}),
	"the other's handle in INTERSECT": selects(func(s, other *postgres.Scoped) *bun.SelectQuery {
		return books(s).Intersect(books(other))
	}),
	"the other's handle in a CTE": selects(func(s, other *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", books(other)).Table("x")
	}),
	"the other's handle in a recursive CTE": selects(
		func(s, other *postgres.Scoped) *bun.SelectQuery {
			return s.NewSelect().WithRecursive("x", books(other)).Table("x")
		}),
	"the other's handle in a condition": selects(
		func(s, other *postgres.Scoped) *bun.SelectQuery {
			return books(s).Where("id IN (?)", books(other).Column("id"))
		}),
	"the other's handle in raw SQL": func(ctx context.Context, s, other *postgres.Scoped) error {
		return errorOf(s.NewRaw("SELECT * FROM (?) AS q", books(other)).Exec(ctx))
	},
	"the other's DELETE in a CTE": selects(func(s, other *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", other.NewDelete().Model((*book)(nil)).Where("true").
			Returning("id")).Table("x")
	}),
}

// tenantAttacks write a row of another tenant.
var tenantAttacks = map[string]attack{
	"Value in a CTE": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", s.NewInsert().Model(&tag{ID: 9}).
			Value("tenant_id", "?", tenancy.NewID()).Returning("id")).Table("x")
	}),
	"Value of a field in a CTE": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", s.NewInsert().Model(&book{ID: 9}).
			Value("tenant_id", "?", tenancy.NewID()).Returning("id")).Table("x")
	}),
	"Value with a sub-query": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", s.NewInsert().Model(&book{ID: 9}).
			Value("tenant_id", "(?)", books(s).ColumnExpr("max(tenant_id::text)::uuid")).
			Returning("id")).Table("x")
	}),
	"a map in a CTE": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", s.NewInsert().Table("tags").Model(&map[string]any{
			"id": 9, "name": "x", "tenant_id": tenancy.NewID()}).Returning("id")).Table("x")
	}),
	"a map with an expression": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return s.NewInsert().Table("tags").Model(&map[string]any{
			"id": 9, "name": "x", "tenant_id": bun.Safe("gen_random_uuid()")})
	}),
	"an UPDATE of a map in a CTE": selects(func(s, _ *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", s.NewUpdate().Table("tags").Model(&map[string]any{
			"tenant_id": tenancy.NewID()}).Where("true").Returning("id")).Table("x")
	}),
	"INSERT … SELECT in a CTE without columns": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return s.NewSelect().With("x", s.NewInsert().Table("books").
				TableExpr("(?) AS q", books(s).ColumnExpr("gen_random_uuid(), 9, 1, 'x', 'y'"))).
				Table("x")
		}),
	"INSERT … SELECT of a table in a CTE": selects(
		func(s, _ *postgres.Scoped) *bun.SelectQuery {
			return s.NewSelect().With("x", s.NewInsert().Model((*tag)(nil)).Column("id", "name").
				TableExpr("authors").Returning("id")).Table("x")
		}),
	"Set with a comment":  setAttack("tenant_id/**/ = ?"),
	"Set on two lines":    setAttack("title = 'x',\n\ttenant_id -- \n = ?"),
	"Set of a field":      setAttack("tenant_id.x = ?"),
	"Set of an element":   setAttack("tenant_id[1] = ?"),
	"Set of a row":        setAttack("(title, /* */ tenant_id) = ROW('x', ?)"),
	"Set with other case": setAttack(`TENANT_ID/* */= ?`),
	"Set with escapes":    setAttack(`U&"tenant\005fid" = ?`),
	"Set of what EXCLUDED has, and more": inserts(
		func(s, _ *postgres.Scoped) *bun.InsertQuery {
			return s.NewInsert().Model(&book{ID: 9, ISBN: "acme-1"}).
				On("CONFLICT (isbn) DO UPDATE").
				Set("tenant_id = EXCLUDED.tenant_id::text::uuid")
		}),
	"SetValues": inserts(func(s, _ *postgres.Scoped) *bun.InsertQuery {
		return s.NewInsert().Model(&tag{ID: 1}).On("CONFLICT (tenant_id, id) DO UPDATE").
			SetValues(s.NewValues(&map[string]any{"tenant_id": tenancy.NewID()}))
	}),
	"SetColumn with a comment": updates(func(s, _ *postgres.Scoped) *bun.UpdateQuery {
		return s.NewUpdate().Model((*book)(nil)).Where("true").
			SetColumn("title", "'x', tenant_id /**/ = ?", tenancy.NewID())
	}),
	"Value with two assignments": updates(func(s, _ *postgres.Scoped) *bun.UpdateQuery {
		return s.NewUpdate().Model(&book{ID: 1}).WherePK().
			Value("title", "'x', tenant_id /**/ = ?", tenancy.NewID())
	}),
}

func setAttack(set string) attack {
	return updates(func(s, _ *postgres.Scoped) *bun.UpdateQuery {
		return s.NewUpdate().Model((*book)(nil)).Where("true").Set(set, tenancy.NewID())
	})
}

func TestFilterAloneRefusesWhatLeavesIt(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s, other := l.db.Scoped(ctx), l.db.Scoped(l.in(t, l.other))
	before := l.rows(t, l.acme) + l.rows(t, l.other)
	for group, attacks := range map[string]map[string]attack{
		"factories": factoryAttacks, "tables": tableAttacks, "tenant": tenantAttacks,
	} {
		for name, attempt := range attacks {
			t.Run(group+": "+name, func(t *testing.T) { requireUnsent(t, attempt(ctx, s, other)) })
		}
	}
	require.Equal(t, before, l.rows(t, l.acme)+l.rows(t, l.other))
}

// requireUnsent requires a refusal of the library, before the database is asked.
func requireUnsent(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	_, sent := errors.AsType[pgdriver.Error](err)
	require.False(t, sent, err)
	require.Contains(t, []tenancy.Code{tenancy.CodeInternal, tenancy.CodeTenantMismatch},
		tenancy.CodeOf(err), fmt.Sprintf("%T: %v", err, err))
}

// The value of tenant_id is known only while the statement runs: the database refuses it.
func TestInsertSelectOfAnotherTenantIsAnError(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	before := l.rows(t, l.other)
	insert := func(tenant string, args ...any) *bun.InsertQuery {
		return s.NewInsert().Model((*book)(nil)).
			Column("id", "tenant_id", "title", "isbn").TableExpr("(?) AS q",
			books(s).ColumnExpr("id + 10 AS id, title, id::text AS isbn").
				ColumnExpr(tenant+" AS tenant_id", args...)).Returning("NULL")
	}
	for name, q := range map[string]bun.Query{
		"a constant": insert("?::uuid", l.other),
		"nothing":    insert("NULL::uuid"),
		"one of many": insert("CASE WHEN id = 2 THEN ?::uuid ELSE b.tenant_id END",
			l.other),
		"in a CTE": s.NewSelect().With("x",
			insert("?::uuid", l.other).Returning("id")).Table("x"),
	} {
		err := errorOf(q.(interface {
			Exec(ctx context.Context, dest ...any) (sql.Result, error)
		}).Exec(ctx))
		require.ErrorContains(t, err, "a row names another tenant", name)
	}
	require.NoError(t, errorOf(insert("b.tenant_id").Exec(ctx)))
	require.Equal(t, before, l.rows(t, l.other))
}

// confinedQueries look like the attacks, and read the own rows only.
var confinedQueries = map[string]func(s *postgres.Scoped) *bun.SelectQuery{
	"NewSelect of a model": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).NewSelect().Model((*book)(nil)).Column("tenant_id")
	},
	"NewSelect of a scoped query": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).NewSelect().TableExpr("(?) AS q", books(s)).Column("tenant_id")
	},
	"Where with NewSelect of a model": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).Column("tenant_id").Where("id IN (?)",
			books(s).NewSelect().Model((*book)(nil)).Column("id"))
	},
	"a sub-select of the same tenant": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).Column("tenant_id").Where("EXISTS (SELECT FROM authors AS a" +
			" WHERE a.id = b.author_id AND a.tenant_id = b.tenant_id)")
	},
	"a sub-select that reads no table": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).Column("tenant_id").Where("id IN (SELECT i FROM" +
			" generate_series(1, 3) AS i WHERE i IS DISTINCT FROM 4)")
	},
	"words in constants": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).Column("tenant_id").Where("title <> ?", "(SELECT 1 FROM books); --")
	},
	"ModelTableExpr with another alias": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).ModelTableExpr("books AS o").ColumnExpr("o.tenant_id").
			Where("o.title <> ?", "x").WhereOr("true").Order("o.id")
	},
	"ModelTableExpr with a quoted alias": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).ModelTableExpr(`? AS "O"`, bun.Ident("books")).ColumnExpr(`"O".tenant_id`)
	},
	"ModelTableExpr without an alias": func(s *postgres.Scoped) *bun.SelectQuery {
		return books(s).ModelTableExpr("books").ColumnExpr("books.tenant_id")
	},
	"ModelTableExpr with another alias, in a sub-query": func(
		s *postgres.Scoped,
	) *bun.SelectQuery {
		return books(s).Column("tenant_id").Where("id IN (?)",
			books(s).ModelTableExpr("books AS o").ColumnExpr("o.id"))
	},
	"a CTE that reads another": func(s *postgres.Scoped) *bun.SelectQuery {
		return s.NewSelect().With("x", books(s).ColumnExpr("tenant_id AS whose")).
			With("y", s.NewSelect().TableExpr("(?) AS q",
				s.NewSelect().TableExpr("(SELECT whose FROM x) AS z"))).
			Table("y").Column("whose")
	},
}

func TestFilterAloneConfinesQueriesOfQueries(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	for name, build := range confinedQueries {
		var found []tenancy.ID
		require.NoError(t, build(l.db.Scoped(ctx)).Scan(ctx, &found), name)
		requireOwn(t, l.acme, booksEach, found)
	}
}

func TestWritesWithAnotherAliasAreConfined(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	before := l.rows(t, l.other)
	result, err := l.db.Scoped(ctx).NewUpdate().Model((*book)(nil)).ModelTableExpr("books AS o").
		TableExpr("books AS b").Set("title = 'x'").Where("true").Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, booksEach, result)
	result, err = l.db.Scoped(ctx).NewDelete().Model((*book)(nil)).ModelTableExpr("books AS o").
		Where("o.title = 'x'").WhereOr("true").Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, booksEach, result)
	require.Equal(t, before, l.rows(t, l.other))
}
