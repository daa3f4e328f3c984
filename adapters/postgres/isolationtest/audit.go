package isolationtest

import (
	"context"
	"fmt"
)

const (
	logChanged = "SQL: the audit log, altered or removed, one's own too"
	logForged  = "SQL: the audit log, an entry of another's"
)

// attackLog is what somebody would do who wants a deed of theirs, or of another
// tenant's, to be told otherwise: the log is to be added to and to be read, and
// nothing else.
func (e *examination) attackLog(ctx context.Context) {
	for _, s := range append(e.logChanges(), e.logForgeries()...) {
		breach, err := e.try(ctx, s)
		if breach == "" {
			breach = broken(err)
		}
		e.note(s.attack, "bailiwick.audit", breach)
	}
}

func (e *examination) logChanges() []statement {
	var all []statement
	add := func(v verdict, queries ...string) {
		for _, q := range queries {
			all = append(all, statement{attack: logChanged, query: q, verdict: v})
		}
	}
	for _, table := range []string{"audit", "audit_rest", "audit_heads", "audit_pending"} {
		name := "bailiwick." + table
		add(refused, "DELETE FROM "+name, "UPDATE "+name+" SET tenant_id = tenant_id",
			"INSERT INTO "+name+" (tenant_id) VALUES ("+uuidOf(e.ours.ID)+")")
		add(failed, "TRUNCATE "+name, "DROP TABLE "+name,
			"ALTER TABLE "+name+" DISABLE ROW LEVEL SECURITY")
	}
	add(refused, "SELECT count(*) FROM bailiwick.audit_rest",
		"SELECT count(*) FROM bailiwick.audit_pending")
	for _, call := range []string{
		"audit_expire(interval '0')", "audit_prepare(1)", "chain_next_audit(NULL)",
		"audit_settle(" + uuidOf(e.theirs.ID) + ")",
	} {
		add(refused, "SELECT bailiwick."+call)
	}
	return all
}

func (e *examination) logForgeries() []statement {
	event := fmt.Sprintf(`jsonb_build_object('action', 'x.forged', 'tenant_id', %[1]s, 'tenant_slug', %[2]s, 'seq', 1, 'id', %[1]s,
		'at', '2001-01-01T00:00:00Z', 'actor', '{}'::jsonb, 'target', '{}'::jsonb, 'request_id', '', 'ip', '', 'outcome', 'ok', 'details', '{}'::jsonb)`,
		literal(e.theirs.ID.String()), literal(string(e.theirs.Slug)))
	log := "SELECT bailiwick.log(gen_random_uuid(), " + event + ")"
	all := []statement{{
		attack: logForged, before: log, verdict: zero,
		query: fmt.Sprintf(`SELECT count(*) FROM bailiwick.audit WHERE action = 'x.forged' AND (tenant_id <> %[1]s OR text::jsonb ->> 'tenant_id' <> %[2]s
			OR text::jsonb ->> 'tenant_slug' <> %[3]s OR text::jsonb ->> 'seq' <> seq::text OR at < now() - interval '1 hour')`,
			uuidOf(e.ours.ID), literal(e.ours.ID.String()), literal(string(e.ours.Slug))),
	}}
	for _, seizure := range e.seizures()[:4] { // to be another tenant, or none
		all = append(all, statement{attack: logForged, before: seizure, query: log,
			verdict: failed})
	}
	for _, call := range []string{
		"audit_append(" + uuidOf(e.theirs.ID) + ", gen_random_uuid(), " + event + ")",
		"audit_link(" + uuidOf(e.theirs.ID) + ", gen_random_uuid(), now(), " + event + ")",
		"log_platform(gen_random_uuid(), " + event + ")",
	} {
		all = append(all, statement{attack: logForged, query: "SELECT bailiwick." + call,
			verdict: refused})
	}
	return all
}
