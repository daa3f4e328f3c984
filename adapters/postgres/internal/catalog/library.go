package catalog

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrations"
)

// Definition is a function or a view of the library's as its migrations make it.
type Definition struct {
	Statement string // CREATE OR REPLACE …
	Body      string // of a function; of a view, what stands behind WHERE
	Head      string // of a function, what stands between its name and its body
}

// The definitions are read from the migrations, so that what is compared can't
// lag behind them.
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
			panic(err) // it is embedded
		}
		readFunctions(string(text), functions)
		readViews(string(text), views)
	}
	return functions, views
})

var (
	functionHead = regexp.MustCompile(
		`(?is)CREATE (?:OR REPLACE )?FUNCTION bailiwick\.(\w+)\s*(\([^;$]*?)\sAS\s+(\$\w*\$)`)
	viewText = regexp.MustCompile(
		`(?is)CREATE (?:OR REPLACE )?VIEW bailiwick\.(\w+)\s([^;]*?\sWHERE\s([^;]*));`)
)

func readFunctions(text string, into map[string]Definition) {
	for _, at := range functionHead.FindAllStringSubmatchIndex(text, -1) {
		name, head, quoting := text[at[2]:at[3]], text[at[4]:at[5]], text[at[6]:at[7]]
		body, _, _ := strings.Cut(text[at[1]:], quoting)
		into[name] = Definition{"CREATE OR REPLACE FUNCTION bailiwick." + name + head + " AS " +
			quoting +
			body + quoting, body, head}
	}
}

func readViews(text string, into map[string]Definition) {
	for _, m := range viewText.FindAllStringSubmatch(text, -1) {
		into[m[1]] = Definition{Statement: "CREATE OR REPLACE VIEW bailiwick." + m[1] + " " + m[2],
			Body: m[3]}
	}
}

func libraryFunctionNames() []string {
	functions, _ := LibraryObjects()
	names := []string{""}
	for name := range functions {
		names = append(names, name)
	}
	return names
}
