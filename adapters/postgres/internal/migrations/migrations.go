// Package migrations holds the SQL that creates the library's tables and functions.
package migrations

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

// Files holds the migrations, named as bun/migrate discovers them.
//
//go:embed *.sql
var Files embed.FS

// Names returns the names under which the migrations are recorded, sorted.
func Names() ([]string, error) {
	files, err := fs.Glob(Files, "*.up.sql")
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		files[i], _, _ = strings.Cut(f, "_")
	}
	slices.Sort(files)
	return files, nil
}
