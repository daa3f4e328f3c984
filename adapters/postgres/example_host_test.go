package postgres_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A helper that was written for bun works for the tenant in ctx.
func ExampleDB_IDB() {
	archive := func(ctx context.Context, db bun.IDB, id string) error {
		return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewDelete().Model((*Note)(nil)).Where("id = ?", id).Exec(ctx)
			return err
		})
	}
	var db *postgres.DB // of Open
	handle := func(ctx context.Context, id string) error { return archive(ctx, db.IDB(ctx), id) }
	_ = handle
}

// Code that isn't written for bun, such as that of sqlc, takes a *sql.DB or a *sql.Tx.
func ExampleDB_SQL() {
	var db *postgres.DB // of Open
	addNote := func(ctx context.Context, title string) error {
		tx, err := db.SQL().BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		var taken bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM notes WHERE title = $1)",
			title).Scan(&taken); err != nil || taken {
			return err
		}
		// tenant_id is left out: its default is the tenant
		_, err = tx.ExecContext(ctx, "INSERT INTO notes (title) VALUES ($1)", title)
		if err != nil {
			return err
		}
		return tx.Commit()
	}
	_ = addNote
}

// Another driver connects with AppURL and binds each of its transactions.
func ExampleDB_TenantSetting() {
	var (
		db      *postgres.DB // of Open
		another *sql.DB      // of another driver, with db.AppURL()
	)
	inTenant := func(ctx context.Context, work func(*sql.Tx) error) error {
		setting, err := db.TenantSetting(ctx)
		if err != nil {
			return err
		}
		tx, err := another.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(ctx, setting); err != nil {
			return err
		}
		if err := work(tx); err != nil {
			return err
		}
		return tx.Commit()
	}
	_ = inTenant
}

// A host that has a *bun.DB keeps it, with its hooks and models.
func ExampleDB_Confine() {
	var (
		db       *postgres.DB // of Open
		existing *bun.DB
	)
	start := func() error { return db.Confine(existing) }
	list := func(ctx context.Context) (notes []Note, err error) {
		err = existing.NewSelect().Model(&notes).Scan(ctx) // the tenant's, by row security
		return notes, err
	}
	_, _ = start, list
}

// A report reads the rows of all tenants. The platform's audit log says who did, and why.
func ExampleDB_CrossTenant() {
	var db *postgres.DB // of Open
	count := func(ctx context.Context) (int64, error) {
		all, err := db.CrossTenant(ctx, "notes of the monthly report")
		if err != nil {
			return 0, err
		}
		return all.NewSelect().Model((*Note)(nil)).Count(ctx)
	}
	_ = count
}

// A job works in one tenant after the other, and goes on when one fails.
func ExampleDB_EachTenant() {
	var db *postgres.DB // of Open
	trim := func(ctx context.Context) error {
		return db.EachTenant(ctx, func(ctx context.Context, t tenancy.Tenant) error {
			result, err := db.Scoped(ctx).NewUpdate().Model((*Note)(nil)).
				Set("title = trim(title)").Where("title <> trim(title)").Exec(ctx)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			fmt.Println(t.Slug, n)
			return err
		})
	}
	_ = trim
}

// An option of bun holds in every handle and its transactions.
func ExampleOptions_bunOptions() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, postgres.Options{
		URL: "postgres://…", Tables: []postgres.Table{{Model: (*Note)(nil)}},
		BunOptions: []bun.DBOption{bun.WithDiscardUnknownColumns()},
	})
	if err != nil {
		fmt.Println("can't serve")
		return
	}
	defer db.Close()
	// Output: can't serve
}

// An alias that is written is the one that the tenant's condition names, and the key of a
// conflict has tenant_id.
func ExampleDB_Scoped() {
	var db *postgres.DB // of Open
	titled := func(ctx context.Context, title string) (notes []Note, err error) {
		err = db.Scoped(ctx).NewSelect().Model(&notes).ModelTableExpr("notes AS n").
			ColumnExpr("n.*").Where("n.title = ?", title).Scan(ctx)
		return notes, err
	}
	put := func(ctx context.Context, n *Note) error {
		_, err := db.Scoped(ctx).NewInsert().Model(n).
			On("CONFLICT (tenant_id, id) DO UPDATE").Set("title = EXCLUDED.title").Exec(ctx)
		return err
	}
	_, _ = titled, put
}
