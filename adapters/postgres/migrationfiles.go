// Package migrations holds the SQL that makes the library's tables and functions.
package postgres

import "embed"

// Files are the migrations, as bun/migrate discovers them.
//
//go:embed migrations/*.sql
var Files embed.FS
