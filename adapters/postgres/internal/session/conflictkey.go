package session

import (
	"errors"
	"regexp"
	"strings"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// stateNoArbiter is invalid_column_reference: ON CONFLICT names columns without a unique key.
const stateNoArbiter = "42P10"

var conflictColumns = regexp.MustCompile(`(?i)\bON\s+CONFLICT\s*\(([^()]*)\)`)

// explainConflict says which key an ON CONFLICT must name: each unique key of a table of
// tenants begins with tenant_id, which PostgreSQL's message doesn't say.
func explainConflict(err error, query string) error {
	failed, ok := errors.AsType[pgdriver.Error](err)
	if !ok || failed.Field('C') != stateNoArbiter {
		return err
	}
	found := conflictColumns.FindStringSubmatch(query)
	if found == nil || strings.Contains(strings.ToLower(found[1]), "tenant_id") {
		return err
	}
	columns := strings.Join(strings.Fields(found[1]), " ")
	return tenancy.Errorf(tenancy.CodeInternal, "ON CONFLICT (%s) names no unique key of the table:"+
		" the keys of a tenant's rows have tenant_id, so write CONFLICT (tenant_id, %[1]s)", columns).
		Because(err)
}
