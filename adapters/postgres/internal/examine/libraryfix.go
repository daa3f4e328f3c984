package examine

import (
	"maps"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

const (
	whyDrift   = "it differs from what the library created, and the isolation depends on it"
	whyMissing = "the library created it, and it is missing"
	whyUnknown = "the library didn't create this in its schema"
)

// finding begins a finding about an entry. Its object is without the type, as other checks have it.
func (l *library) finding(code, why string, e catalog.Entry) doctor.Finding {
	_, name, _ := strings.Cut(e.Object, " ")
	name = strings.TrimPrefix(name, "VIEW ") // of MATERIALIZED VIEW
	name = strings.TrimPrefix(name, "TABLE ")
	name = strings.ReplaceAll(name, ", ", ",")
	if e.Part != "" && e.Kind != catalog.KindGrant {
		name += " (" + e.Kind + " " + e.Part + ")"
	}
	return doctor.Finding{Severity: doctor.SeverityError, Code: code, Why: why, Object: name}
}

// missingObject is the finding about an object that isn't there.
func (l *library) missingObject(object string) doctor.Finding {
	f := l.finding("library_missing", whyMissing, catalog.Entry{Object: object})
	f.Fix = l.create[strings.TrimPrefix(object, "ROUTINE ")]
	if f.Fix != "" {
		return f
	}
	if f.Fix = definition(object); f.Fix == "" {
		return f
	}
	f.Fix += l.ownerAndGrants(object)
	return f
}

// ownerAndGrants returns the statements that give a new object its owner and its grants.
func (l *library) ownerAndGrants(object string) string {
	if l.c.Roles.App == "" {
		return ""
	}
	statements := "; REVOKE ALL ON " + grantObject(object) + " FROM PUBLIC"
	for _, e := range l.expectedOf(object) {
		switch {
		case e.Kind == catalog.KindGrant:
			statements += "; GRANT " + l.granted(e, " TO ")
		case e.Kind == catalog.KindOwner:
			statements += "; ALTER " + object + " OWNER TO " + l.inRoles(e.Value)
		}
	}
	return statements
}

// expectedOf returns the expected entries of an object in a fixed order.
func (l *library) expectedOf(object string) (entries []catalog.Entry) {
	for _, key := range slices.Sorted(maps.Keys(l.expected)) {
		if e := l.expected[key]; e.Object == object {
			entries = append(entries, e)
		}
	}
	return entries
}

// unknownObject is the finding about an object that the library didn't create. Its fix keeps the
// rows of a table.
func (l *library) unknownObject(object string) doctor.Finding {
	f := l.finding("library_unknown", whyUnknown, catalog.Entry{Object: object})
	f.Fix = "DROP " + strings.Replace(object, "STATISTICS OBJECT", "STATISTICS", 1)
	if strings.HasPrefix(object, "TABLE ") {
		f.Fix = "ALTER " + object + " SET SCHEMA " + sqltext.Quote(l.c.Declared.Schema)
	}
	return f
}

// missing is the finding about a property of an object that is there.
func (l *library) missing(e catalog.Entry) doctor.Finding {
	switch {
	case e.Kind == catalog.KindGrant:
		f := l.finding("library_grant_missing", "the library's statements need this privilege: "+
			l.inRoles(e.Part), e)
		f.Fix = "GRANT " + l.granted(e, " TO ")
		return f
	case e.Kind == "trigger" && strings.HasPrefix(e.Part, "announce_"):
		return l.notAnnounced(e)
	}
	f := l.finding("library_missing", whyMissing, e)
	f.Fix = l.add(e)
	return f
}

// notAnnounced is the finding about a trigger that notifies all instances about changes.
func (l *library) notAnnounced(e catalog.Entry) doctor.Finding {
	f := l.finding("announcement_missing",
		"changes of this table aren't notified, so that instances use their caches for a while"+
			" longer: a revoked key, a suspended tenant",
		catalog.Entry{Object: e.Object})
	f.Fix, f.Safe = l.remove(e)+"; "+l.add(e), true
	return f
}

// extra is the finding about a property that the library didn't give to its object.
func (l *library) extra(e catalog.Entry) doctor.Finding {
	switch e.Kind {
	case catalog.KindGrant:
		return l.extraGrant(e)
	case "index":
		f := l.finding("library_unknown", whyUnknown, e)
		f.Fix = l.remove(e)
		if !strings.HasPrefix(e.Value, "CREATE UNIQUE") {
			f.Severity = doctor.SeverityWarning
		}
		return f
	}
	f := l.finding("library_unknown", whyUnknown, e)
	f.Fix = l.remove(e)
	return f
}

// extraGrant is a warning for a role that isn't the library's: an administrator may trust it. A
// fix that revokes from PUBLIC isn't safe: other roles may need the privilege.
func (l *library) extraGrant(e catalog.Entry) doctor.Finding {
	privilege, grantee, _ := strings.Cut(e.Part, " TO ")
	ours := strings.HasPrefix(grantee, "{")
	f := l.finding("library_grant", "the library didn't grant this privilege: "+
		l.inRoles(e.Part), e)
	if l.isOpenTable(e.Object, privilege) && (ours || grantee == "PUBLIC") {
		f.Code = "library_table_open"
		f.Why = "this table of the library has no row security, because the application's role" +
			" must not read or change it"
	}
	f.Fix, f.Safe = l.revoke(e, grantee, privilege), ours
	if !ours && grantee != "PUBLIC" {
		f.Severity = doctor.SeverityWarning
	}
	return f
}

// revoke returns the statements that revoke a privilege. Revoking it from a whole table revokes
// it from the columns too, so those that the library granted are granted again.
func (l *library) revoke(e catalog.Entry, grantee, privilege string) string {
	fix := "REVOKE " + l.granted(e, " FROM ") + " CASCADE"
	for _, other := range l.expectedOf(e.Object) {
		if other.Kind == catalog.KindGrant && strings.HasPrefix(other.Part, privilege+" (") &&
			strings.HasSuffix(other.Part, " TO "+grantee) {
			fix += "; GRANT " + l.granted(other, " TO ")
		}
	}
	return fix
}

// isOpenTable reports whether a privilege shows or changes rows of a table that has no row
// security.
func (l *library) isOpenTable(object, privilege string) bool {
	privilege, _, _ = strings.Cut(privilege, " ")
	_, limited := catalog.LibraryPolicies(l.c.Scope)[strings.TrimPrefix(object, "TABLE ")]
	return strings.HasPrefix(object, "TABLE ") && !limited &&
		(privilege == "SELECT" || privilege == "UPDATE" || privilege == "DELETE")
}

// different is the finding about a property with another value.
func (l *library) different(found, expected catalog.Entry) doctor.Finding {
	f := l.finding("library_drift", whyDrift, expected)
	switch expected.Kind {
	case catalog.KindOwner:
		f.Code = "library_owner"
		f.Why = "it belongs to " + l.inRoles(found.Value) + ", whose rights its functions have" +
			" and who can change it"
		f.Fix = "ALTER " + expected.Object + " OWNER TO " + l.inRoles(expected.Value)
	case catalog.KindGrant:
		f.Code, f.Safe = "library_grant", true
		f.Why = "the role may grant this privilege to others: " + l.inRoles(found.Part)
		f.Fix = "REVOKE GRANT OPTION FOR " + l.granted(expected, " FROM ") + " CASCADE"
		if found.Value == "" {
			f.Why, f.Fix = whyDrift, "GRANT "+l.granted(expected, " TO ")+" WITH GRANT OPTION"
		}
	case "trigger":
		if strings.HasPrefix(expected.Part, "announce_") {
			return l.notAnnounced(expected)
		}
		f.Fix = l.remove(expected) + "; " + l.add(expected)
		if strings.HasPrefix(found.Value, expected.Value) { // a partition's can't be dropped
			f.Fix = "ALTER " + expected.Object + " ENABLE TRIGGER " + expected.Part
		}
	case "constraint", "index", "policy", "rule":
		f.Fix = l.remove(expected) + "; " + l.add(expected)
	case catalog.KindKindFunction:
		f.Fix = l.create[strings.TrimPrefix(expected.Object, "ROUTINE ")]
		if f.Fix == "" {
			f.Fix = "DROP " + expected.Object
		}
	case "view", "function":
		f.Fix, f.Safe = definition(expected.Object), true
	default:
		f.Fix = l.set(found, expected)
	}
	return f
}

// set returns the statement that sets a property of a table or a view.
func (l *library) set(found, expected catalog.Entry) string {
	alter := "ALTER " + expected.Object + " "
	switch expected.Kind {
	case "options":
		var statements []string
		for _, option := range strings.Split(found.Value, ", ") {
			if name, _, ok := strings.Cut(option, "="); ok {
				statements = append(statements, alter+"RESET ("+name+")")
			}
		}
		if expected.Value != "" {
			statements = append(statements, alter+"SET ("+expected.Value+")")
		}
		return strings.Join(statements, "; ")
	case "row security", "forced row security":
		return alter + expected.Value + " ROW LEVEL SECURITY"
	case "replica identity":
		return alter + "REPLICA IDENTITY " + expected.Value
	case "kind":
		if expected.Value == "UNLOGGED" {
			return alter + "SET UNLOGGED"
		}
		return alter + "SET LOGGED"
	case "column":
		return l.setColumn(found, expected)
	}
	return ""
}

// setColumn returns the statements that give a column its type, default and NOT NULL again.
func (l *library) setColumn(found, expected catalog.Entry) string {
	column := "ALTER " + expected.Object + " ALTER COLUMN " + expected.Part + " "
	if strings.Contains(expected.Value+found.Value, "GENERATED ALWAYS AS") {
		return l.remove(expected) + "; " + l.add(expected)
	}
	value, notNull := strings.CutSuffix(expected.Value, " NOT NULL")
	sqlType, standard, hasDefault := strings.Cut(value, " DEFAULT ")
	plain, _, _ := strings.Cut(sqlType, " COLLATE ")
	statements := []string{column + "DROP DEFAULT"}
	if !strings.HasPrefix(found.Value+" ", sqlType+" ") {
		statements = append(statements,
			column+"TYPE "+sqlType+" USING "+expected.Part+"::"+plain)
	}
	if hasDefault {
		statements = append(statements, column+"SET DEFAULT "+standard)
	}
	if notNull {
		return strings.Join(append(statements, column+"SET NOT NULL"), "; ")
	}
	return strings.Join(append(statements, column+"DROP NOT NULL"), "; ")
}

// add returns the statement that creates a part of an object.
func (l *library) add(e catalog.Entry) string {
	switch e.Kind {
	case "column", "constraint":
		part := map[string]string{"column": " ADD COLUMN ", "constraint": " ADD CONSTRAINT "}
		return "ALTER " + e.Object + part[e.Kind] + e.Part + " " + e.Value
	case "policy":
		return "CREATE POLICY " + e.Part + " ON " + grantObject(e.Object) + " " +
			l.inRoles(e.Value)
	case "index", "trigger", "rule":
		return e.Value
	}
	return ""
}

// remove returns the statement that drops a part of an object, if it is there.
func (l *library) remove(e catalog.Entry) string {
	table := grantObject(e.Object)
	switch e.Kind {
	case "column":
		return "ALTER " + e.Object + " DROP COLUMN IF EXISTS " + e.Part
	case "constraint":
		return "ALTER " + e.Object + " DROP CONSTRAINT IF EXISTS " + e.Part
	case "index":
		schema, _, _ := strings.Cut(table, ".")
		return "DROP INDEX IF EXISTS " + schema + "." + e.Part
	case "policy", "trigger", "rule":
		return "DROP " + strings.ToUpper(e.Kind) + " IF EXISTS " + e.Part + " ON " + table
	case "default privileges":
		return l.inRoles(e.Value)
	}
	return ""
}

// granted returns a grant's privilege, object and role. direction is TO or FROM, with spaces.
func (l *library) granted(e catalog.Entry, direction string) string {
	privilege, grantee, _ := strings.Cut(e.Part, " TO ")
	return privilege + " ON " + grantObject(e.Object) + direction + l.inRoles(grantee)
}

func (l *library) inRoles(text string) string { return catalog.InRoles(text, l.c.Roles) }

// grantObject returns an object as GRANT names it, which has no word for tables and views.
func grantObject(object string) string {
	for _, kind := range []string{"MATERIALIZED VIEW ", "FOREIGN TABLE ", "TABLE ", "VIEW "} {
		if name, ok := strings.CutPrefix(object, kind); ok {
			return name
		}
	}
	return object
}

// definition returns the statement that creates a function or a view as the migrations do.
func definition(object string) string {
	functions, views := catalog.LibraryObjects()
	if name, ok := strings.CutPrefix(object, "VIEW bailiwick."); ok {
		return views[name].Statement
	}
	name, ok := strings.CutPrefix(object, "ROUTINE bailiwick.")
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, "(")
	return functions[name].Statement
}
