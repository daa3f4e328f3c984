package postgres_test

import (
	"context"
	"fmt"
	"os"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Note is a row of a table whose rows belong to tenants.
type Note struct {
	bun.BaseModel `bun:"table:notes"`

	ID    string `bun:"id,pk,type:uuid,default:gen_random_uuid()"`
	Title string `bun:"title,notnull"`
}

// Open migrates the schema, and refuses to serve if a wall between tenants is missing.
func ExampleOpen() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, postgres.Options{
		URL: os.Getenv("DATABASE_URL"), MultiTenant: true,
		Tables: []postgres.Table{{Model: (*Note)(nil)}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	// In a handler of httpapi's Protect the context of the request has the tenant.
	ctx = tenancy.NewContext(ctx, tenancy.DefaultID)
	var notes []Note
	err = db.Scoped(ctx).NewSelect().Model(&notes).Order("title").Scan(ctx)
	fmt.Println(len(notes), err)
}

// An event of the host is stored with the write that it is about, or not at all. The UPDATE
// itself leaves an entry if the table has a Kind.
func ExampleDB_Record() {
	publish := func(ctx context.Context, db *postgres.DB, title string) error {
		return db.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			_, err := tx.NewUpdate().Model((*Note)(nil)).Set("published = true").
				Where("title = ?", title).Exec(ctx)
			if err != nil {
				return err
			}
			return db.Record(ctx, tx, tenancy.Event{
				Action: "note.publish", Target: tenancy.AuditTarget{Kind: "note", Name: title},
			})
		})
	}
	_ = publish // called by a handler
}

// PricePlan is a row that all tenants share: it has no tenant.
type PricePlan struct {
	bun.BaseModel `bun:"table:price_plans"`

	ID   int64  `bun:"id,pk"`
	Name string `bun:"name,notnull"`
}

// Subscription is a row of a tenant that refers to a shared row.
type Subscription struct {
	bun.BaseModel `bun:"table:subscriptions"`

	ID     int64      `bun:"id,pk"`
	PlanID int64      `bun:"plan_id,notnull"`
	Plan   *PricePlan `bun:"rel:belongs-to,join:plan_id=id"`
}

// Tables in Shared belong to no tenant: every tenant reads them, and none writes them.
func ExampleOpen_shared() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, postgres.Options{
		URL: os.Getenv("DATABASE_URL"), MultiTenant: true,
		Tables: []postgres.Table{{Model: (*Subscription)(nil)}},
		Shared: []any{(*PricePlan)(nil)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	ctx = tenancy.NewContext(ctx, tenancy.DefaultID)
	var own []Subscription
	err = db.Scoped(ctx).NewSelect().Model(&own).Relation("Plan").Scan(ctx)
	fmt.Println(len(own), err)

	_, err = db.Scoped(ctx).NewUpdate().Model(&PricePlan{ID: 1, Name: "free"}).WherePK().Exec(ctx)
	fmt.Println(tenancy.CodeOf(err)) // forbidden
}

// Invoice is a row of a table whose column with the tenant's id isn't tenant_id.
type Invoice struct {
	bun.BaseModel `bun:"table:invoices"`

	OrgID  tenancy.ID `bun:"org_id,pk,type:uuid,nullzero"`
	ID     int64      `bun:"id,pk"`
	Amount int64      `bun:"amount,notnull"`
}

// TenantColumn names the column with the tenant's id of a table that has it under another name.
func ExampleTable_tenantColumn() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, postgres.Options{
		URL: os.Getenv("DATABASE_URL"), MultiTenant: true,
		Tables: []postgres.Table{{Model: (*Invoice)(nil), TenantColumn: "org_id"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	ctx = tenancy.NewContext(ctx, tenancy.DefaultID)
	_, err = db.Scoped(ctx).NewInsert().Model(&Invoice{ID: 1, Amount: 100}).Exec(ctx)
	fmt.Println(err) // OrgID is the tenant of ctx

	var invoices []Invoice
	err = db.Scoped(ctx).NewSelect().Model(&invoices).Scan(ctx) // … "invoice"."org_id" = '…'
	fmt.Println(len(invoices), err)
}
