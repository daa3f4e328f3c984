package postgres

import (
	"context"
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
	names, err := fs.Glob(migrationFiles, "migrations/*.up.sql")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
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

// checkLibrary compares the library's functions and views in the database with
// what the migrations made. One that is missing is no finding: what needs it is
// an error.
func checkLibrary(ctx context.Context, e *examination) ([]Finding, error) {
	var rows []struct {
		Name, Object, Body, Volatility, SearchPath string
		IsView, Definer                            bool
	}
	err := e.ask(ctx, `
		SELECT p.proname AS name, p.oid::regprocedure::text AS object, p.prosrc AS body, false AS is_view, p.prosecdef AS definer,
		  CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END AS volatility,
		  coalesce((SELECT substr(c, 13) FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%'), '') AS search_path
		FROM pg_proc p WHERE p.pronamespace = to_regnamespace('bailiwick')::oid
		UNION ALL
		SELECT c.relname, c.oid::regclass::text, pg_get_viewdef(c.oid), true, false, '', ''
		FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = to_regnamespace('bailiwick')::oid
		ORDER BY object`, &rows)
	if err != nil {
		return nil, err
	}
	functions, views := libraryObjects()
	var findings []Finding
	for _, r := range rows {
		want, ours := functions[r.Name]
		same := r.Body == want.body && want.declares(r.Volatility, r.Definer, r.SearchPath)
		if r.IsView {
			want, ours = views[r.Name]
			same = condition(r.Body) == condition(want.statement)
		}
		if ours && !same {
			findings = append(findings, Finding{
				Severity: SeverityError, Code: "library_drift", Object: r.Object,
				Fix: want.statement, Safe: true,
				Why: "it isn't what the library made it any more, and the policies stand upon it",
			})
		}
	}
	return findings, nil
}

var (
	headSearchPath = regexp.MustCompile(`(?i)\sSET search_path (?:=|TO)\s*([^\n]*)`)
	headDefiner    = regexp.MustCompile(`(?i)\sSECURITY DEFINER\b`)
	headVolatility = regexp.MustCompile(`(?i)\s(IMMUTABLE|STABLE)\b`)
)

// declares reports whether the head of a function says the same.
func (m made) declares(volatility string, definer bool, path string) bool {
	wanted := "VOLATILE"
	if found := headVolatility.FindStringSubmatch(m.head); found != nil {
		wanted = strings.ToUpper(found[1])
	}
	wantedPath := ""
	if found := headSearchPath.FindStringSubmatch(m.head); found != nil {
		wantedPath = strings.TrimSpace(found[1])
	}
	return volatility == wanted && definer == headDefiner.MatchString(m.head) && path == wantedPath
}

var qualified = regexp.MustCompile(`\b\w+\.tenant_id\b`)

// condition is what stands behind WHERE in a view, without what the server adds.
func condition(view string) string {
	_, where, _ := strings.Cut(plainSQL(qualified.ReplaceAllString(view, "tenant_id")), "where")
	return strings.TrimSuffix(where, ";")
}
