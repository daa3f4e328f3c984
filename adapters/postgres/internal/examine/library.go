package examine

import (
	"context"
	"regexp"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// checkLibrary compares the library's functions and views in the database with
// what the migrations made. One that is missing is no finding: what needs it is
// an error.
func checkLibrary(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	var rows []struct {
		Name, Object, Body, Volatility, SearchPath string
		IsView, Definer                            bool
	}
	err := c.Query(ctx, `
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
	functions, views := catalog.LibraryObjects()
	var findings []doctor.Finding
	for _, r := range rows {
		want, ours := functions[r.Name]
		same := r.Body == want.Body && declares(want, r.Volatility, r.Definer, r.SearchPath)
		if r.IsView {
			want, ours = views[r.Name]
			same = condition(r.Body) == condition(want.Statement)
		}
		if ours && !same {
			findings = append(findings, doctor.Finding{
				Severity: doctor.SeverityError, Code: "library_drift", Object: r.Object,
				Fix: want.Statement, Safe: true,
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
func declares(m catalog.Definition, volatility string, definer bool, path string) bool {
	wanted := "VOLATILE"
	if found := headVolatility.FindStringSubmatch(m.Head); found != nil {
		wanted = strings.ToUpper(found[1])
	}
	wantedPath := ""
	if found := headSearchPath.FindStringSubmatch(m.Head); found != nil {
		wantedPath = strings.TrimSpace(found[1])
	}
	return volatility == wanted && definer == headDefiner.MatchString(m.Head) && path == wantedPath
}

var qualified = regexp.MustCompile(`\b\w+\.tenant_id\b`)

// condition is what stands behind WHERE in a view, without what the server adds.
func condition(view string) string {
	_, where, _ := strings.Cut(catalog.NormalizeSQL(qualified.ReplaceAllString(view, "tenant_id")),
		"where")
	return strings.TrimSuffix(where, ";")
}
