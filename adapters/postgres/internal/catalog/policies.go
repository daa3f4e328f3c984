package catalog

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// Policy is one that stands on a table, as the catalog has it.
type Policy struct {
	Table      string
	Name       string
	Library    bool
	Known      bool
	Reached    bool
	Enabled    bool   // row security is on
	Command    string // * for all
	Permissive bool
	ToPublic   bool   // it is for every role, as ours is
	Applies    bool   // it is asked when the application's role reads or writes
	Using      string // as the server writes the expression
	Check      string
	Immutable  string // a function that it calls and that says it is IMMUTABLE

	expected ExpectedPolicy // of ours
}

// ExpectedPolicy is what a policy should say.
type ExpectedPolicy struct{ command, using, check string }

const TenantPolicy = "bailiwick_tenant"

// LibraryPolicies are those of the library's own tables.
func LibraryPolicies(s schema.Scope) map[string]ExpectedPolicy {
	own := ExpectedPolicy{"ALL", TenantCondition(s, schema.TenantColumn),
		TenantCondition(s, schema.TenantColumn)}
	read := ExpectedPolicy{"SELECT", TenantCondition(s, schema.TenantColumn), ""}
	return map[string]ExpectedPolicy{
		"bailiwick.tenants":     {"SELECT", TenantCondition(s, "id"), ""},
		"bailiwick.api_keys":    own,
		"bailiwick.secrets":     own,
		"bailiwick.members":     own,
		"bailiwick.invitations": own,
		"bailiwick.audit":       read,
		"bailiwick.audit_heads": read,
	}
}

// LibraryPolicyTables are the tables of [LibraryPolicies], as a list of SQL constants.
func LibraryPolicyTables() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(LibraryPolicies(schema.Message))) {
		names = append(names, sqltext.Literal(name))
	}
	return strings.Join(names, ", ")
}

// Policies reads every policy on a table that a tenant owns, and on the
// library's.
func (c *Catalog) Policies(ctx context.Context) ([]Policy, error) {
	var policies []Policy
	err := c.Query(ctx, `
		SELECT t.name AS "table", p.polname AS name, t.library, t.known, t.oid IN (SELECT oid FROM reached) AS reached, c.relrowsecurity AS enabled,
		  CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END AS command,
		  p.polpermissive AS permissive, p.polroles = '{0}' AS to_public,
		  EXISTS (SELECT FROM unnest(p.polroles) r WHERE r = 0 OR r IN (SELECT oid FROM app)) AS applies,
		  coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS using, coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') AS check,
		  coalesce((SELECT min(f.oid::regprocedure::text) FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
		    WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass AND f.provolatile = 'i'), '') AS immutable
		FROM tables t JOIN pg_class c ON c.oid = t.oid JOIN pg_policy p ON p.polrelid = t.oid
		ORDER BY t.name, p.polname`, &policies)
	ofLibrary := LibraryPolicies(c.Scope)
	for i, p := range policies {
		policies[i].expected = ExpectedPolicy{"ALL", TenantCondition(c.Scope, schema.TenantColumn),
			TenantCondition(c.Scope, schema.TenantColumn)}
		if p.Library {
			policies[i].expected = ofLibrary[p.Table]
		}
	}
	return policies, err
}

func (x ExpectedPolicy) Create(table string) string {
	statement := "CREATE POLICY " + TenantPolicy + " ON " + table + " FOR " + x.command +
		" USING (" +
		x.using + ")"
	if x.check != "" {
		statement += " WITH CHECK (" + x.check + ")"
	}
	return statement + ";\nALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY"
}

// Restore is what makes the policy ours again: an alteration where that will do.
func (p Policy) Restore() string {
	want := p.expected
	if p.Command != want.command || !p.Permissive {
		return "DROP POLICY " + TenantPolicy + " ON " + p.Table + ";\n" + want.Create(p.Table)
	}
	if want.check == "" {
		return "ALTER POLICY " + TenantPolicy + " ON " + p.Table + " TO PUBLIC USING (" +
			want.using +
			")"
	}
	return "ALTER POLICY " + TenantPolicy + " ON " + p.Table + " TO PUBLIC USING (" + want.using +
		") WITH CHECK (" + want.check + ")"
}

// Current reports whether the policy is what the library made.
func (p Policy) Current() bool {
	want := p.expected
	return p.Permissive && p.ToPublic && p.Command == want.command &&
		NormalizeSQL(p.Using) == NormalizeSQL(want.using) && NormalizeSQL(p.Check) == NormalizeSQL(want.check)
}

var (
	literalCast  = regexp.MustCompile(`('(?:[^']|'')*')::text`)
	selectedName = regexp.MustCompile(`(\)) AS \w+`)
	unneeded     = regexp.MustCompile(`[\s()]+`)
)

// NormalizeSQL takes off an expression what the server adds when it writes one: the
// types of string constants, the names of what a sub-select answers, brackets,
// spaces and capitals. The expressions that are compared have no operator
// whose operands brackets could join otherwise.
func NormalizeSQL(expression string) string {
	expression = literalCast.ReplaceAllString(expression, "$1")
	expression = selectedName.ReplaceAllString(expression, "$1")
	return strings.ToLower(unneeded.ReplaceAllString(expression, ""))
}
