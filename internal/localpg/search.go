package localpg

import (
	"os"
	"path/filepath"
	"slices"
)

// DefaultSearch returns the directories of PATH and those in which Debian, the PostgreSQL project's
// packages, Alpine, Homebrew and Postgres.app install PostgreSQL.
func DefaultSearch() []string {
	var all []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) && !slices.Contains(all, dir) {
			all = append(all, dir)
		}
	}
	return append(all,
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/libexec/postgresql*",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	)
}
