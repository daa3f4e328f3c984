package examine

import (
	"context"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// check is one question to the catalog. Its query answers a row for each
// finding: the object, the SQL that mends it, whether that is safe, and whether
// it is a warning only, here.
type check struct {
	code     string
	severity doctor.Severity
	why      string
	query    string
}

// inCatalog asks all checks at once: what they stand upon is planned and read
// once for all of them. Findings come in the order of the groups.
func inCatalog(
	groups ...[]check,
) func(context.Context, *catalog.Catalog) ([]doctor.Finding, error) {
	byCode := map[string]check{}
	var queries []string
	for i, group := range groups {
		for _, c := range group {
			byCode[c.code] = c
			queries = append(queries,
				fmt.Sprintf("SELECT %d AS place, '%s' AS code, q.*"+
					" FROM (%s) AS q (object, fix, safe, lax)", i, c.code, c.query))
		}
	}
	query := "SELECT code, object, fix, safe, lax FROM (" + strings.Join(queries, "\nUNION ALL\n") +
		") AS found ORDER BY place, code, object"
	return func(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
		var rows []struct {
			Code, Object, Fix string
			Safe, Lax         bool
		}
		if err := c.Query(ctx, query, &rows); err != nil {
			return nil, err
		}
		findings := make([]doctor.Finding, len(rows))
		for i, r := range rows {
			asked := byCode[r.Code]
			findings[i] = doctor.Finding{Severity: asked.severity, Code: asked.code,
				Object: r.Object,
				Why:    asked.why, Fix: r.Fix, Safe: r.Safe}
			if r.Lax {
				findings[i].Severity = doctor.SeverityWarning
			}
		}
		return findings, nil
	}
}
