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

// Policy is a policy of a table, as the catalog has it.
type Policy struct {
	Table      string
	Column     string // with the tenant's id, quoted if needed
	OwnColumn  bool   // it reads no other column of the table
	Name       string
	Library    bool   // the table is the library's
	Known      bool   // the table is declared, a part of a declared one, or the library's
	Reached    bool   // the application's role has a privilege on the table
	Enabled    bool   // the table's row security is on
	Command    string // ALL, SELECT, INSERT, UPDATE or DELETE
	Permissive bool
	ToPublic   bool   // it applies to every role, as TenantPolicy does
	Applies    bool   // it applies to the application's role
	Using      string // the expression, as the server writes it
	Check      string // the expression of WITH CHECK, as the server writes it
	Immutable  string // a function that it calls and that is declared IMMUTABLE; empty if none

	expected ExpectedPolicy // what the policy must be if it is TenantPolicy
}

// ExpectedPolicy is the definition of [TenantPolicy] on a table.
type ExpectedPolicy struct{ command, using, check string }

// TenantPolicy is the name of the policy that confines a table to the tenant's rows.
const TenantPolicy = "bailiwick_tenant"

// tenantPolicy returns the policy of an owned table. column is as the server writes it.
func tenantPolicy(s schema.Scope, column string) ExpectedPolicy {
	condition := TenantCondition(s, column)
	return ExpectedPolicy{command: "ALL", using: condition, check: condition}
}

// LibraryPolicies returns the policies of the library's tables, by table.
func LibraryPolicies(s schema.Scope) map[string]ExpectedPolicy {
	own := tenantPolicy(s, schema.DefaultTenantColumn)
	read := ExpectedPolicy{command: "SELECT", using: own.using}
	return map[string]ExpectedPolicy{
		"bailiwick.tenants":     {command: "SELECT", using: TenantCondition(s, "id")},
		"bailiwick.api_keys":    own,
		"bailiwick.secrets":     own,
		"bailiwick.sources":     own,
		"bailiwick.contents":    own,
		"bailiwick.bases":       own,
		"bailiwick.members":     own,
		"bailiwick.invitations": own,
		"bailiwick.audit":       read,
		"bailiwick.audit_heads": read,
	}
}

// LibraryPolicyTables returns the tables of [LibraryPolicies] as a list of SQL constants.
func LibraryPolicyTables() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(LibraryPolicies(schema.Message))) {
		names = append(names, sqltext.Literal(name))
	}
	return strings.Join(names, ", ")
}

// Policies reads every policy of the tables that tenants own and of the library's tables.
func (c *Catalog) Policies(ctx context.Context) ([]Policy, error) {
	var policies []Policy
	err := c.Query(ctx, `
		SELECT t.name AS "table", quote_ident(t.column_name) AS column,
		  t.library OR NOT EXISTS (SELECT FROM pg_depend d
		    WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
		      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
		      AND d.refobjsubid NOT IN (0, t.tenant)) AS own_column,
		  p.polname AS name, t.library, t.known,
		  t.oid IN (SELECT oid FROM reached) AS reached, c.relrowsecurity AS enabled,
		  CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
		    WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END AS command,
		  p.polpermissive AS permissive, p.polroles = '{0}' AS to_public,
		  EXISTS (SELECT FROM unnest(p.polroles) r
		    WHERE r = 0 OR r IN (SELECT oid FROM app)) AS applies,
		  coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS using,
		  coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') AS check,
		  coalesce((SELECT min(f.oid::regprocedure::text)
		    FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
		    WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
		      AND d.refclassid = 'pg_proc'::regclass AND f.provolatile = 'i'), '') AS immutable
		FROM tables t JOIN pg_class c ON c.oid = t.oid JOIN pg_policy p ON p.polrelid = t.oid
		ORDER BY t.name, p.polname`, &policies)
	libraryPolicies := LibraryPolicies(c.Scope)
	for i, p := range policies {
		policies[i].expected = tenantPolicy(c.Scope, p.Column)
		if p.Library {
			policies[i].expected = libraryPolicies[p.Table]
		}
	}
	return policies, err
}

// expressions returns the clauses USING and WITH CHECK.
func (x ExpectedPolicy) expressions() string {
	if x.check == "" {
		return " USING (" + x.using + ")"
	}
	return " USING (" + x.using + ") WITH CHECK (" + x.check + ")"
}

// Create returns the statements that create the policy on a table and enable row security.
func (x ExpectedPolicy) Create(table string) string {
	return "CREATE POLICY " + TenantPolicy + " ON " + table + " FOR " + x.command +
		x.expressions() + ";\nALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY"
}

// Restore returns the statements that make the policy [TenantPolicy] as expected. They alter the
// policy where that suffices, and replace it otherwise.
func (p Policy) Restore() string {
	want := p.expected
	if p.Command != want.command || !p.Permissive {
		return "DROP POLICY " + TenantPolicy + " ON " + p.Table + ";\n" + want.Create(p.Table)
	}
	return "ALTER POLICY " + TenantPolicy + " ON " + p.Table + " TO PUBLIC" + want.expressions()
}

// OfLibrary reports whether the policy of an owned table is one that the library creates, for
// whichever scope.
func (p Policy) OfLibrary() bool {
	for _, s := range []schema.Scope{schema.Message, schema.Transaction} {
		if p.expected = tenantPolicy(s, p.Column); p.Current() {
			return true
		}
	}
	return false
}

// Current reports whether the policy is as expected for [TenantPolicy].
func (p Policy) Current() bool {
	want := p.expected
	return p.OwnColumn && p.Permissive && p.ToPublic && p.Command == want.command &&
		normalizeSQL(p.Using) == normalizeSQL(want.using) &&
		normalizeSQL(p.Check) == normalizeSQL(want.check)
}

var (
	literalCast  = regexp.MustCompile(`('(?:[^']|'')*')::text`)
	selectedName = regexp.MustCompile(`(\)) AS \w+`)
	unneeded     = regexp.MustCompile(`[\s()]+`)
)

// normalizeSQL removes from an expression what the server adds when it writes it: the types of
// string constants, the column names of sub-selects, brackets and spaces. It also makes all
// letters lower case. Brackets don't matter in the expressions that are compared: none has
// operators whose operands could be grouped in another way.
func normalizeSQL(expression string) string {
	expression = literalCast.ReplaceAllString(expression, "$1")
	expression = selectedName.ReplaceAllString(expression, "$1")
	return strings.ToLower(unneeded.ReplaceAllString(expression, ""))
}
