package examine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// checkLibrary compares everything in the library's schemas with what the migrations create: who
// owns it, who may use it, and how it is defined. It finds what is missing, what differs and what
// the library didn't create. A database of another version of the library isn't compared.
func checkLibrary(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	current, err := hasThisVersion(ctx, c)
	if err != nil || !current {
		return nil, err
	}
	entries, err := catalog.Inventory(ctx, c.Tx, c.Roles)
	if err != nil {
		return nil, err
	}
	l, err := newLibrary(ctx, c, entries)
	if err != nil {
		return nil, err
	}
	return l.compare(), nil
}

// MissingGrants returns the privileges that the library granted on its objects and that somebody
// revoked, as texts for a person. Without roles or in a database of another version it finds none.
func MissingGrants(ctx context.Context, c *catalog.Catalog) (missing []string, err error) {
	findings, err := checkLibrary(ctx, c)
	for _, f := range findings {
		if f.Code == "library_grant_missing" {
			missing = append(missing, f.Object+": "+f.Why)
		}
	}
	return missing, err
}

// hasThisVersion reports whether the applied migrations are exactly those of this version.
func hasThisVersion(ctx context.Context, c *catalog.Catalog) (current bool, err error) {
	var readable bool
	err = c.Tx.NewRaw("SELECT coalesce(has_schema_privilege(to_regnamespace('bailiwick'), 'USAGE')"+
		" AND has_table_privilege(to_regclass('bailiwick.migrations'), 'SELECT'), false),"+
		" to_regclass('bailiwick.migrations') IS NOT NULL").Scan(ctx, &readable, &current)
	if err != nil || !readable {
		return current, err // its grant may be what is missing
	}
	var applied []string
	if err := c.Tx.NewRaw("SELECT name FROM bailiwick.migrations").Scan(ctx, &applied); err != nil {
		return false, err
	}
	slices.Sort(applied)
	known, err := catalog.MigrationNames()
	return slices.Equal(slices.Compact(applied), known), err
}

// library is the comparison of a database's inventory with the expected one.
type library struct {
	c        *catalog.Catalog
	found    map[string]catalog.Entry
	expected map[string]catalog.Entry
	objects  map[string]bool   // those of found
	known    map[string]bool   // those of expected
	create   map[string]string // the statements that create the functions of declared kinds
	absent   []string          // the roles that don't exist
}

func newLibrary(
	ctx context.Context, c *catalog.Catalog, entries []catalog.Entry,
) (*library, error) {
	l := &library{c: c, found: map[string]catalog.Entry{}, objects: map[string]bool{},
		expected: maps.Clone(catalog.ExpectedEntries()), known: map[string]bool{}}
	for _, e := range entries {
		l.found[e.Key()], l.objects[e.Object] = e, true
	}
	l.expectVarying(entries)
	if c.Roles.App == "" { // tenancy is off: there are no roles and no searches
		l.ignore(func(e catalog.Entry) bool {
			return e.Kind == catalog.KindOwner || e.Kind == catalog.KindGrant ||
				e.Kind == catalog.KindPolicy || strings.Contains(e.Object, itemsql.SearchSchema)
		})
	}
	migrating := " TO " + sqltext.QuoteIfNeeded(c.MigratingUser)
	l.ignore(func(e catalog.Entry) bool {
		return e.Kind == catalog.KindGrant && strings.HasSuffix(e.Part, migrating)
	})
	// checkPolicies looks at the row security of tables with a policy for tenants
	policies := catalog.LibraryPolicies(c.Scope)
	l.ignore(func(e catalog.Entry) bool {
		_, ok := policies[strings.TrimPrefix(e.Object, "TABLE ")]
		return e.Kind == "row security" && ok
	})
	for _, e := range l.expected {
		l.known[e.Object] = true
	}
	var err error
	if l.create, err = catalog.KindFunctionStatements(ctx, c.Tx, c.Declared, c.Roles); err != nil {
		return nil, err
	}
	err = c.Tx.NewRaw("SELECT '{' || k || '}' FROM (VALUES ('owner', ?), ('search', ?), ('app', ?),"+
		" ('system', ?)) AS r (k, name) WHERE name NOT IN (SELECT rolname FROM pg_roles)",
		c.Roles.Owner, c.Roles.Search, c.Roles.App, c.Roles.System).Scan(ctx, &l.absent)
	return l, err
}

// ignore removes entries from both sides.
func (l *library) ignore(ignored func(catalog.Entry) bool) {
	for _, side := range []map[string]catalog.Entry{l.found, l.expected} {
		maps.DeleteFunc(side, func(_ string, e catalog.Entry) bool { return ignored(e) })
	}
}

// expectVarying expects of the months of the audit log, and of the functions of kinds, what
// belongs to each of them: which ones there are differs.
func (l *library) expectVarying(entries []catalog.Entry) {
	expect := func(kind, object, part, value string) {
		e := catalog.Entry{Kind: kind, Object: object, Part: part, Value: value}
		l.expected[e.Key()] = e
	}
	for _, e := range entries {
		switch {
		case e.IsMonth() && e.Kind == catalog.KindOwner:
			expect(catalog.KindOwner, e.Object, "", "{owner}")
			expect("row security", e.Object, "", "DISABLE")
			expect("forced row security", e.Object, "", "NO FORCE")
			expect("trigger", e.Object, "audit_target", "CREATE TRIGGER audit_target BEFORE INSERT OR"+
				" UPDATE ON "+strings.TrimPrefix(e.Object, "TABLE ")+
				" FOR EACH ROW EXECUTE FUNCTION bailiwick.audit_target()")
		case e.Kind == catalog.KindKindFunction:
			owner, rights, callable := kindFunction(e.Object)
			if owner == "" {
				continue
			}
			expect(catalog.KindKindFunction, e.Object, "", rights)
			expect(catalog.KindOwner, e.Object, "", owner)
			if callable {
				expect(catalog.KindGrant, e.Object, "EXECUTE TO {app}", "")
			}
		}
	}
}

// kindFunction returns the owner of a function of a kind, whose rights it has, and whether the
// application's role may call it. owner is empty if no function of a kind has such arguments.
func kindFunction(object string) (owner, rights string, callable bool) {
	_, arguments, _ := strings.Cut(object, "(")
	switch {
	case !strings.HasPrefix(object, "ROUTINE "+itemsql.SearchSchema+"."):
		return "{owner}", "INVOKER", true
	case arguments == "text, jsonb, text, integer)":
		return "{search}", "DEFINER", true
	case arguments == "uuid, text, jsonb, text, integer)":
		return "{search}", "INVOKER", false
	}
	return "", "", false
}

// compare returns the findings in the order of their objects.
func (l *library) compare() []doctor.Finding {
	if f, ok := l.foreignSchema(); ok {
		return []doctor.Finding{f}
	}
	var findings []doctor.Finding
	reported := map[string]bool{} // objects that are missing or unknown as a whole
	keys := maps.Clone(l.found)
	maps.Copy(keys, l.expected)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		found, isFound := l.found[key]
		expected, isExpected := l.expected[key]
		object := keys[key].Object
		switch {
		case isFound && isExpected && found.Value == expected.Value, reported[object]:
			continue
		case !l.objects[object]:
			reported[object] = true
			findings = append(findings, l.missingObject(object))
		case !l.known[object]:
			reported[object] = true
			findings = append(findings, l.unknownObject(object))
		case !isFound:
			if !l.ofAbsentRole(expected) {
				findings = append(findings, l.missing(expected))
			}
		case !isExpected:
			findings = append(findings, l.extra(found))
		default:
			findings = append(findings, l.different(found, expected))
		}
	}
	for _, signature := range slices.Sorted(maps.Keys(l.create)) {
		object := "ROUTINE " + signature
		if !l.objects[object] {
			findings = append(findings, l.missingObject(object))
		}
	}
	return findings
}

// foreignSchema reports one finding where every object belongs to another role than it should:
// the roles have other names, or the database was adopted without tenancy.
func (l *library) foreignSchema() (doctor.Finding, bool) {
	key := catalog.Entry{Kind: catalog.KindOwner, Object: "SCHEMA bailiwick"}.Key()
	expected, ok := l.expected[key]
	if !ok || l.found[key].Value == expected.Value {
		return doctor.Finding{}, false
	}
	return l.different(l.found[key], expected), true
}

// ofAbsentRole reports whether an entry names a role that doesn't exist: that is one finding.
func (l *library) ofAbsentRole(e catalog.Entry) bool {
	return slices.ContainsFunc(l.absent, func(role string) bool {
		return strings.Contains(e.Part+e.Value, role)
	})
}
