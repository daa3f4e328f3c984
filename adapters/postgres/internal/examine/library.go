package examine

import (
	"context"
	"regexp"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// checkLibrary looks for functions and views of the library that differ from what the migrations
// created: body, volatility, SECURITY DEFINER and search path of a function, condition of a view.
// A missing one is not a finding: the statements that use it fail.
func checkLibrary(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	var objects []libraryObject
	if err := c.Query(ctx, libraryObjects, &objects); err != nil {
		return nil, err
	}
	functions, views := catalog.LibraryObjects()
	var findings []doctor.Finding
	for _, o := range objects {
		definitions, same := functions, o.sameFunction
		if o.IsView {
			definitions, same = views, o.sameView
		}
		definition, ours := definitions[o.Name]
		if !ours || same(definition) {
			continue
		}
		findings = append(findings, doctor.Finding{
			Severity: doctor.SeverityError, Code: "library_drift", Object: o.Object,
			Fix: definition.Statement, Safe: true,
			Why: "it differs from what the library created, and the policies depend on it",
		})
	}
	return findings, nil
}

// libraryObject is a function or a view in the schema bailiwick.
type libraryObject struct {
	Name, Object, Body, Volatility, SearchPath string
	IsView, Definer                            bool
}

const libraryObjects = `
	SELECT p.proname AS name, p.oid::regprocedure::text AS object, p.prosrc AS body, false AS is_view,
	  p.prosecdef AS definer,
	  CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END AS volatility,
	  coalesce((SELECT substr(c, 13) FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%'), '') AS search_path
	FROM pg_proc p WHERE p.pronamespace = to_regnamespace('bailiwick')::oid
	UNION ALL
	SELECT c.relname, c.oid::regclass::text, pg_get_viewdef(c.oid), true, false, '', ''
	FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = to_regnamespace('bailiwick')::oid
	ORDER BY object`

var (
	headSearchPath = regexp.MustCompile(`(?i)\sSET search_path (?:=|TO)\s*([^\n]*)`)
	headDefiner    = regexp.MustCompile(`(?i)\sSECURITY DEFINER\b`)
	headVolatility = regexp.MustCompile(`(?i)\s(IMMUTABLE|STABLE)\b`)
)

// sameFunction reports whether the function has the body of d and the properties in d's head.
func (o libraryObject) sameFunction(d catalog.Definition) bool {
	volatility := "VOLATILE"
	if found := headVolatility.FindStringSubmatch(d.Head); found != nil {
		volatility = strings.ToUpper(found[1])
	}
	searchPath := ""
	if found := headSearchPath.FindStringSubmatch(d.Head); found != nil {
		searchPath = strings.TrimSpace(found[1])
	}
	return o.Body == d.Body && o.Volatility == volatility &&
		o.Definer == headDefiner.MatchString(d.Head) && o.SearchPath == searchPath
}

// sameView reports whether the view has the condition of d. Columns may differ.
func (o libraryObject) sameView(d catalog.Definition) bool {
	return viewCondition(o.Body) == viewCondition(d.Statement)
}

var qualifiedTenant = regexp.MustCompile(`\b\w+\.tenant_id\b`)

// viewCondition returns the text after WHERE in a view, without what the server adds to it.
func viewCondition(view string) string {
	plain := catalog.PlainSQL(qualifiedTenant.ReplaceAllString(view, "tenant_id"))
	_, where, _ := strings.Cut(plain, "where")
	return strings.TrimSuffix(where, ";")
}
