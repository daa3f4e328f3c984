// Package postgres keeps a multi-tenant service's rows in PostgreSQL, behind
// two walls that don't depend on each other: a filter that the statements
// carry, and row-level security in the database.
//
//	db, err := postgres.Open(ctx, postgres.Options{
//		URL:         os.Getenv("DATABASE_URL"),
//		MultiTenant: true,
//		Tables:      []postgres.Table{{Model: (*Note)(nil), Kind: "note", Name: "title"}},
//	})
//	...
//	err = db.Scoped(ctx).NewSelect().Model(&notes).Order("title").Scan(ctx)
//
// The tenant comes from the context ([tenancy.NewContext]) and travels with
// each statement in one message, so tenancy costs no round trip and a
// transaction-pooling PgBouncer may stand in between.
package postgres
