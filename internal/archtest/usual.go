package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// UsualChange is something that is added to the project again and again, with an
// example that is there already.
type UsualChange struct {
	What    string
	Example string // a regular expression for how files name it
}

// UsualChanges are the changes of CONTRIBUTING.md.
var UsualChanges = []UsualChange{
	{"a tenant state", `tenancy\.(Active|Suspended|Deleted)\b|\bSuspended\b|'(active|suspended|deleted)'`},
	{"a resolution source", `\bTenantHeader\b|X-Tenant-ID`},
	{"a route", `\brotateKey\b|\bRotateKey\b`},
	{"a column of API keys", `\bRotatedTo\b|\brotated_to\b`},
	{"an import strategy", `\bOverwrite\b|"overwrite"`},
	{"a doctor check", `role_createdb`},
	{"a metric", `bailiwick_pool_waits_total`},
	{"a kind", `context_config|context-configs|\bContextConfig\b`},
	{"a method of a port", `\bTouch\(`},
	{"a field of audit entries", `"ip"|'ip'`},
}

// FilesThatName returns the production files below root that match a regular
// expression: Go, SQL and templates, without tests, suites and what .git holds. Of a folder's SQL
// it returns one file: a migration that has landed is never edited, a change adds one.
func FilesThatName(root, expression string) ([]string, error) {
	pattern, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	var found []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && isNoProduction(root, path, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, "_test.go") ||
			!slices.Contains([]string{".go", ".sql", ".html"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		counted := filepath.Ext(path) == ".sql" && slices.ContainsFunc(found, func(f string) bool {
			return filepath.Ext(f) == ".sql" && filepath.Dir(f) == filepath.Dir(path)
		})
		if err == nil && !counted && pattern.Match(text) {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

// isNoProduction reports whether a folder holds tests, or support for them.
func isNoProduction(root, path, name string) bool {
	below, err := filepath.Rel(root, path)
	return err == nil && (strings.HasPrefix(name, ".") || name == "testdata" ||
		slices.Contains([]string{"internal", "ports/portstest", "adapters/postgres/isolationtest"},
			filepath.ToSlash(below)))
}
