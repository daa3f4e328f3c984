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
