package postgres

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// made is a function or a view of the library's as its migrations make it.
type made struct {
	statement string // CREATE OR REPLACE …
	body      string // of a function; of a view, what stands behind WHERE
	head      string // of a function, what stands between its name and its body
}

// The definitions are read from the migrations, so that what is compared can't
// lag behind them.
var libraryObjects = sync.OnceValues(func() (functions, views map[string]made) {
	functions, views = map[string]made{}, map[string]made{}
	names, err := fs.Glob(Files, "migrations/*.up.sql")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := Files.ReadFile(name)
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

func readFunctions(text string, into map[string]made) {
	for _, at := range functionHead.FindAllStringSubmatchIndex(text, -1) {
		name, head, quoting := text[at[2]:at[3]], text[at[4]:at[5]], text[at[6]:at[7]]
		body, _, _ := strings.Cut(text[at[1]:], quoting)
		into[name] = made{"CREATE OR REPLACE FUNCTION bailiwick." + name + head + " AS " + quoting +
			body + quoting, body, head}
	}
}

func readViews(text string, into map[string]made) {
	for _, m := range viewText.FindAllStringSubmatch(text, -1) {
		into[m[1]] = made{statement: "CREATE OR REPLACE VIEW bailiwick." + m[1] + " " + m[2],
			body: m[3]}
	}
}

func libraryFunctionNames() []string {
	functions, _ := libraryObjects()
	names := []string{""}
	for name := range functions {
		names = append(names, name)
	}
	return names
}
