package catalog

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrations"
)

// Definition is a function or a view of the library, as the migrations define it.
type Definition struct {
	Statement string // CREATE OR REPLACE …
}

// LibraryObjects returns the library's functions and views by their unqualified names. It parses
// the migrations, so that the definitions are always those of the current version. When a
// migration redefines an object, the last definition counts.
var LibraryObjects = sync.OnceValues(func() (functions, views map[string]Definition) {
	functions, views = map[string]Definition{}, map[string]Definition{}
	names, err := fs.Glob(migrations.Files, "*.up.sql")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := migrations.Files.ReadFile(name)
		if err != nil {
			panic(err) // the file is embedded
		}
		renameFunctions(string(text), functions)
		readFunctions(string(text), functions)
		readViews(string(text), views)
	}
	return functions, views
})

var (
	functionHead = regexp.MustCompile(
		`(?is)CREATE (?:OR REPLACE )?FUNCTION bailiwick\.(\w+)\s*(\([^;$]*?)\sAS\s+(\$\w*\$)`)
	functionRename = regexp.MustCompile(
		`(?i)ALTER FUNCTION bailiwick\.(\w+)\([^)]*\) RENAME TO (\w+)`)
	viewText = regexp.MustCompile(
		`(?is)CREATE (?:OR REPLACE )?VIEW bailiwick\.(\w+)\s([^;]*?\sWHERE\s[^;]*);`)
)

// renameFunctions renames the functions of earlier migrations that a migration renames.
func renameFunctions(text string, in map[string]Definition) {
	for _, m := range functionRename.FindAllStringSubmatch(text, -1) {
		from, to := m[1], m[2]
		renamed := in[from]
		renamed.Statement = strings.Replace(renamed.Statement,
			"FUNCTION bailiwick."+from, "FUNCTION bailiwick."+to, 1)
		delete(in, from)
		in[to] = renamed
	}
}

// readFunctions adds the functions that a migration creates. Their bodies are dollar-quoted.
func readFunctions(text string, into map[string]Definition) {
	for _, match := range functionHead.FindAllStringSubmatchIndex(text, -1) {
		group := func(n int) string { return text[match[2*n]:match[2*n+1]] }
		name, head, quote := group(1), group(2), group(3)
		body, _, _ := strings.Cut(text[match[1]:], quote)
		into[name] = Definition{
			Statement: "CREATE OR REPLACE FUNCTION bailiwick." + name + head + " AS " +
				quote + body + quote,
		}
	}
}

// readViews adds the views with a WHERE that a migration creates.
func readViews(text string, into map[string]Definition) {
	for _, m := range viewText.FindAllStringSubmatch(text, -1) {
		into[m[1]] = Definition{
			Statement: "CREATE OR REPLACE VIEW bailiwick." + m[1] + " " + m[2],
		}
	}
}

// libraryFunctionNames returns the names of the library's functions, and an empty name, so that
// an SQL list of them is never empty.
func libraryFunctionNames() []string {
	functions, _ := LibraryObjects()
	return append([]string{""}, slices.Sorted(maps.Keys(functions))...)
}

// MigrationNames returns the names of the library's migrations as a database records them, sorted.
func MigrationNames() ([]string, error) { return migrations.Names() }
