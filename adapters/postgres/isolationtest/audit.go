package isolationtest

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

const (
	auditAlterAttack = "SQL: the audit log, altered or removed, one's own too"
	auditForgeAttack = "SQL: the audit log, an entry of another's"
)

// attackAuditLog tries to falsify the audit entries of the attacker and of the victim: the log
// may be appended to and read, and nothing else.
func (e *examination) attackAuditLog(ctx context.Context) {
	for _, s := range append(e.auditAlterations(), e.auditForgeries()...) {
		breach, err := e.runAttack(ctx, s)
		if breach == "" {
			breach = invalidAttack(err)
		}
		e.record(s.attack, "bailiwick.audit", breach)
	}
}

func (e *examination) auditAlterations() []statement {
	var all []statement
	add := func(v verdict, queries ...string) {
		for _, q := range queries {
			all = append(all, statement{attack: auditAlterAttack, query: q, verdict: v})
		}
	}
	for _, table := range []string{"audit", "audit_rest", "audit_heads", "audit_pending"} {
		name := "bailiwick." + table
		add(wantRefused, "DELETE FROM "+name, "UPDATE "+name+" SET tenant_id = tenant_id",
			"INSERT INTO "+name+" (tenant_id) VALUES ("+uuidOf(e.attacker.ID)+")")
		add(wantError, "TRUNCATE "+name, "DROP TABLE "+name,
			"ALTER TABLE "+name+" DISABLE ROW LEVEL SECURITY")
	}
	add(wantRefused, "SELECT count(*) FROM bailiwick.audit_rest",
		"SELECT count(*) FROM bailiwick.audit_pending")
	for _, call := range []string{
		"audit_expire(interval '0')", "audit_prepare(1)", "chain_next_audit(NULL)",
		"audit_settle(" + uuidOf(e.victim.ID) + ")",
	} {
		add(wantRefused, "SELECT bailiwick."+call)
	}
	return all
}

func (e *examination) auditForgeries() []statement {
	event := fmt.Sprintf(`jsonb_build_object('action', 'x.forged', 'tenant_id', %[1]s,
		'tenant_slug', %[2]s, 'seq', 1, 'id', %[1]s, 'at', '2001-01-01T00:00:00Z',
		'actor', '{}'::jsonb, 'target', '{}'::jsonb, 'request_id', '', 'ip', '',
		'outcome', 'ok', 'details', '{}'::jsonb)`,
		sqltext.Literal(e.victim.ID.String()), sqltext.Literal(string(e.victim.Slug)))
	log := "SELECT bailiwick.log(gen_random_uuid(), " + event + ")"
	all := []statement{{
		// the constraint's trigger adds the entry to the chain
		attack: auditForgeAttack, before: log + "; SET CONSTRAINTS ALL IMMEDIATE", verdict: wantZeroRows,
		query: fmt.Sprintf(`SELECT count(*) FROM bailiwick.audit WHERE action = 'x.forged'
			AND (tenant_id <> %[1]s OR text::jsonb ->> 'tenant_id' <> %[2]s
			OR text::jsonb ->> 'tenant_slug' <> %[3]s OR text::jsonb ->> 'seq' <> seq::text
			OR at < now() - interval '1 hour')`,
			uuidOf(e.attacker.ID), sqltext.Literal(e.attacker.ID.String()),
			sqltext.Literal(string(e.attacker.Slug))),
	}}
	for _, impersonation := range e.impersonations()[:4] { // of the victim, or without a tenant
		all = append(all, statement{attack: auditForgeAttack, before: impersonation, query: log,
			verdict: wantError})
	}
	for _, call := range []string{
		"audit_append(" + uuidOf(e.victim.ID) + ", gen_random_uuid(), " + event + ")",
		"audit_link(" + uuidOf(e.victim.ID) + ", gen_random_uuid(), now(), " + event + ")",
		"log_platform(gen_random_uuid(), " + event + ")",
	} {
		all = append(all, statement{attack: auditForgeAttack, query: "SELECT bailiwick." + call,
			verdict: wantRefused})
	}
	return all
}
