package itemsql

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
)

// noObject is the value of a column that a table lacks.
const noObject = "'{}'::jsonb"

// LabelsOf returns the expression for the labels of the row t.
func LabelsOf(t *declare.Table) string {
	if t.NoLabels {
		return noObject
	}
	return "t.labels"
}

// SpecOf returns the expression for the column spec of the row t.
func SpecOf(t *declare.Table) string {
	if t.NoSpec {
		return noObject
	}
	return "t.spec"
}

// VersionOf returns the expression for the version of the row t. Without the column it is the time
// of the last write, in microseconds since 1970. A trigger makes each time greater than the one
// before.
func VersionOf(t *declare.Table) string {
	if !t.NoVersion {
		return "t.version"
	}
	return "greatest((extract(epoch FROM " + timeExpr("t.updated_at") + ") * 1000000)::bigint, 1)"
}

// existing returns the rules whose columns the table has.
func existing(t *declare.Table, rules []UnfitRule) []UnfitRule {
	lacks := map[string]bool{"labels": t.NoLabels, "spec": t.NoSpec, "version": t.NoVersion}
	return slices.DeleteFunc(rules, func(r UnfitRule) bool {
		return slices.ContainsFunc(r.Columns, func(c string) bool { return lacks[c] })
	})
}
