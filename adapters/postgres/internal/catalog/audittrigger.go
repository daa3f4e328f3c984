package catalog

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
)

// Trigger is a trigger of a table: its name and the statement that creates it.
type Trigger struct{ Name, Create string }

// auditEvents are the triggers that record a host's writes, in the order of their names. A
// trigger with a transition table has one event. bits are what pg_trigger.tgtype has for it.
var auditEvents = []struct {
	trigger, event, rows string
	bits                 int
}{
	{"bailiwick_audit_delete", "DELETE", "OLD", 8},
	{"bailiwick_audit_insert", "INSERT", "NEW", 4},
	{"bailiwick_audit_update", "UPDATE", "NEW", 16},
}

// auditTriggers is an SQL expression for the triggers that record the writes of a table c, as
// wantedAuditTriggers has them. A trigger that is disabled, or that has a condition, isn't among
// them.
const auditTriggers = `coalesce((SELECT string_agg(concat_ws(' ', g.tgname, g.tgtype,
	    coalesce(g.tgoldtable, g.tgnewtable), encode(g.tgargs, 'hex')), ',' ORDER BY g.tgname)
	  FROM pg_catalog.pg_trigger g
	 WHERE g.tgrelid = c.oid AND g.tgname IN (` + auditTriggerNames + `)
	   AND g.tgfoid = to_regprocedure('bailiwick.audit_rows()') AND g.tgenabled IN ('O', 'A')
	   AND g.tgqual IS NULL AND g.tgattr::text = ''), '')`

const auditTriggerNames = "'bailiwick_audit_insert', 'bailiwick_audit_update'," +
	" 'bailiwick_audit_delete'"

// isAudited reports whether a host's writes of a table are recorded. kind is nil for a table
// without a kind.
func isAudited(kind *declare.Table) bool { return kind != nil && !kind.Unaudited }

// wantedAuditTriggers returns what auditTriggers must be for a table.
func wantedAuditTriggers(kind *declare.Table) string {
	if !isAudited(kind) {
		return ""
	}
	var all []string
	for _, e := range auditEvents {
		all = append(all, fmt.Sprintf("%s %d changed %s", e.trigger, e.bits,
			triggerArgs(kindArguments(kind))))
	}
	return strings.Join(all, ",")
}

// AuditTriggers returns the triggers that record a host's writes of a table; none if they aren't
// recorded.
func AuditTriggers(kind *declare.Table) (all []Trigger) {
	if !isAudited(kind) {
		return nil
	}
	for _, e := range auditEvents {
		all = append(all, Trigger{e.trigger, "CREATE TRIGGER " + e.trigger + " AFTER " + e.event +
			" ON " + kind.SQL + " REFERENCING " + e.rows + " TABLE AS changed" +
			" FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.audit_rows(" +
			sqlArguments(kindArguments(kind)) + ")"})
	}
	return all
}

// restoreAuditTriggers returns the statements that give a table its triggers, and no others.
func restoreAuditTriggers(table string, kind *declare.Table) (statements []string) {
	for _, e := range auditEvents {
		statements = append(statements, "DROP TRIGGER IF EXISTS "+e.trigger+" ON "+table)
	}
	for _, t := range AuditTriggers(kind) {
		statements = append(statements, t.Create)
	}
	return statements
}
