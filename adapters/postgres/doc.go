// Package postgres keeps a multi-tenant service's rows in PostgreSQL. Two independent
// layers isolate the tenants: a filter in each statement, and row-level security in the
// database.
//
//	db, err := postgres.Open(ctx, postgres.Options{
//		URL:         os.Getenv("DATABASE_URL"),
//		MultiTenant: true,
//		Tables:      []postgres.Table{{Model: (*Note)(nil), Kind: "note", Name: "title"}},
//	})
//	...
//	err = db.Scoped(ctx).NewSelect().Model(&notes).Order("title").Scan(ctx)
//
// Code that isn't written for [DB.Scoped] uses [DB.IDB] (for bun), [DB.SQL] (for database/sql)
// or [DB.TenantSetting] (for another driver): in SQL that it writes and in
// its transactions row-level security alone confines it.
//
// The tenant comes from the context ([tenancy.NewContext]) and is sent with each statement
// in one message. So tenancy costs no round trip, and a PgBouncer in transaction mode may
// sit between the service and the database.
package postgres
