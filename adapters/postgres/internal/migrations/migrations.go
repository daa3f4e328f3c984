// Package migrations holds the SQL that makes the library's tables and functions.
package migrations

import "embed"

// Files are the migrations, as bun/migrate discovers them.
//
//go:embed *.sql
var Files embed.FS
