package examine

import (
	"context"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// check is one query of the catalog. It may use the names of [catalog.Catalog.Query], and returns
// one row for each finding: the object, the SQL that fixes it, whether that is safe, and whether
// this finding is only a warning, whatever the severity of the check.
type check struct {
	code     string
	severity doctor.Severity
	why      string
	query    string
}

// findingRow is a row of [unionQuery].
type findingRow struct {
	Code, Object, Fix string
	Safe, WarningOnly bool
}

// queryChecks returns a function that runs all checks with one query, so that the server plans and
// reads what they have in common once. The findings are in the order of the groups.
func queryChecks(
	groups ...[]check,
) func(context.Context, *catalog.Catalog) ([]doctor.Finding, error) {
	query := unionQuery(groups)
	byCode := map[string]check{}
	for _, group := range groups {
		for _, c := range group {
			byCode[c.code] = c
		}
	}
	return func(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
		var rows []findingRow
		if err := c.Query(ctx, query, &rows); err != nil {
			return nil, err
		}
		findings := make([]doctor.Finding, len(rows))
		for i, r := range rows {
			findings[i] = r.finding(byCode[r.Code])
		}
		return findings, nil
	}
}

// unionQuery joins the queries of all checks with UNION ALL. The column place keeps the order
// of the groups.
func unionQuery(groups [][]check) string {
	var queries []string
	for i, group := range groups {
		for _, c := range group {
			queries = append(queries, fmt.Sprintf("SELECT %d AS place, '%s' AS code, q.*"+
				" FROM (%s) AS q (object, fix, safe, warning_only)", i, c.code, c.query))
		}
	}
	return "SELECT code, object, fix, safe, warning_only FROM (" +
		strings.Join(queries, "\nUNION ALL\n") + ") AS found ORDER BY place, code, object"
}

// finding combines the row with what all findings of its check have in common.
func (r findingRow) finding(c check) doctor.Finding {
	f := doctor.Finding{Severity: c.severity, Code: c.code, Object: r.Object, Why: c.why,
		Fix: r.Fix, Safe: r.Safe}
	if r.WarningOnly {
		f.Severity = doctor.SeverityWarning
	}
	return f
}
