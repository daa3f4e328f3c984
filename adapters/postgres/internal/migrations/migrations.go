// Package migrations holds the SQL that creates the library's tables and functions.
package migrations

import "embed"

// Files holds the migrations, named as bun/migrate discovers them.
//
//go:embed *.sql
var Files embed.FS
