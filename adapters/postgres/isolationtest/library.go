package isolationtest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The query builder and the ports must isolate with either wall alone.

// attackBuilder attacks each declared model through [postgres.Scoped].
func (e *examination) attackBuilder(ctx context.Context) {
	ctx = bindTenant(ctx, e.attacker.ID)
	for i, model := range e.internals.Models {
		tenant := e.internals.ModelColumn[i]
		e.runBuilderAttacks(ctx, "builder: SELECT (Scan, Count, Exists, sub-query)", model,
			e.builderReads(model, tenant))
		e.runBuilderAttacks(ctx, "builder: INSERT, UPDATE, DELETE", model,
			e.builderWrites(model, tenant))
		e.attackBuilderText(ctx, model, tenant)
	}
}

func (e *examination) runBuilderAttacks(
	ctx context.Context, attack string, model any, all []builderAttack,
) {
	for _, attempt := range all {
		breach, err := attempt(ctx)
		if breach == "" {
			breach = invalidAttack(err)
		}
		e.record(attack, fmt.Sprintf("%T", model), breach)
	}
}

type builderAttack func(ctx context.Context) (breach string, err error)

// The constant comes first: otherwise filterbypass would take the condition for a filter and
// remove it.
func isVictims(tenant string) string      { return "? = ?TableAlias." + tenantSQL(tenant) }
func isNotAttackers(tenant string) string { return "? <> ?TableAlias." + tenantSQL(tenant) }

func (e *examination) builderReads(model any, tenant string) []builderAttack {
	counted := func(n int64, err error) (string, error) {
		if n != 0 {
			return fmt.Sprintf("reached %d rows", n), err
		}
		return "", err
	}
	return []builderAttack{
		func(ctx context.Context) (string, error) { // all rows, into the model
			rows := reflect.New(reflect.SliceOf(reflect.TypeOf(model).Elem())).Interface()
			if err := e.db.Scoped(ctx).NewSelect().Model(rows).Scan(ctx); err != nil {
				return "", err
			}
			if reflect.ValueOf(rows).Elem().Len() == 0 {
				return "a tenant doesn't see its own rows", nil
			}
			text, err := json.Marshal(rows)
			return e.findLeak("", string(text)), err
		},
		func(ctx context.Context) (string, error) {
			return counted(e.db.Scoped(ctx).NewSelect().Model(model).
				Where(isNotAttackers(tenant), e.attacker.ID).
				Count(ctx))
		},
		func(ctx context.Context) (string, error) {
			return counted(e.db.Scoped(ctx).NewSelect().Model(model).Where(isVictims(tenant), e.victim.ID).
				Count(ctx))
		},
		func(ctx context.Context) (string, error) {
			found, err := e.db.Scoped(ctx).NewSelect().Model(model).Where(isVictims(tenant), e.victim.ID).
				Exists(ctx)
			if found {
				return "Exists returns true", err
			}
			return "", err
		},
		func(ctx context.Context) (string, error) {
			inner := e.db.Scoped(ctx).NewSelect().Model(model).Column(tenant)
			var n int64
			err := e.db.Scoped(ctx).NewRaw("SELECT count(*) FROM (?) AS q WHERE "+tenantSQL(tenant)+" <> ?",
				inner, e.attacker.ID).Scan(ctx, &n)
			return counted(n, err)
		},
		func(ctx context.Context) (string, error) {
			return counted(e.db.Scoped(ctx).NewSelect().Model(model).Where("FALSE").
				WhereOr(isVictims(tenant), e.victim.ID).Count(ctx))
		},
		func(ctx context.Context) (string, error) {
			_, err := e.db.Scoped(ctx).NewSelect().Model(model).Count(bindTenant(ctx, e.victim.ID))
			if err == nil {
				return "a context of the other tenant is accepted", nil
			}
			return "", nil
		},
	}
}

func (e *examination) builderWrites(model any, tenant string) []builderAttack {
	column := bun.Ident(e.writableColumn(model, tenant))
	update := func(ctx context.Context) *bun.UpdateQuery {
		return e.db.Scoped(ctx).NewUpdate().Model(model).Set("? = ?", column, column)
	}
	remove := func(ctx context.Context) *bun.DeleteQuery {
		return e.db.Scoped(ctx).NewDelete().Model(model)
	}
	return []builderAttack{
		func(ctx context.Context) (string, error) {
			return changed(update(ctx).Where(isNotAttackers(tenant), e.attacker.ID).Exec(ctx))
		},
		func(ctx context.Context) (string, error) {
			return changed(update(ctx).Where("FALSE").WhereOr(isVictims(tenant), e.victim.ID).Exec(ctx))
		},
		func(ctx context.Context) (string, error) {
			return changed(update(ctx).Set(tenantSQL(tenant)+" = ?", e.attacker.ID).
				Where(isVictims(tenant), e.victim.ID).Exec(ctx))
		},
		func(ctx context.Context) (string, error) {
			return changed(remove(ctx).Where(isNotAttackers(tenant), e.attacker.ID).Exec(ctx))
		},
		func(ctx context.Context) (string, error) {
			return changed(remove(ctx).Where("FALSE").WhereOr(isVictims(tenant), e.victim.ID).Exec(ctx))
		},
		func(ctx context.Context) (string, error) {
			row := reflect.New(reflect.TypeOf(model).Elem()).Interface()
			_, err := e.db.Scoped(ctx).NewInsert().Model(row).Value(tenant, "?", e.victim.ID).
				Exec(ctx)
			if sqlState(err) == stateNoPrivilege || refusedByLibrary(err) {
				return "", nil
			}
			return fmt.Sprintf("a row for the other tenant wasn't refused: %v", err), nil
		},
	}
}

// writableColumn returns a column of the model's table that a statement may write, unlike an
// identity column that is GENERATED ALWAYS.
func (e *examination) writableColumn(model any, tenant string) string {
	name := e.internals.Owner.Table(reflect.TypeOf(model).Elem()).Name
	for _, t := range e.tables {
		if t.Name != name && t.Schema+"."+t.Name != name {
			continue
		}
		for _, c := range t.columns {
			if c.Name != tenant {
				return c.Name
			}
		}
	}
	return tenant
}

const portAttack = "ports: resources, keys, members, invitations, secrets, export"

func (e *examination) recordPort(on, breach string) { e.record(portAttack, on, breach) }

// attackPorts calls the ports with the victim's id, names and ids of items.
func (e *examination) attackPorts(ctx context.Context) {
	ctx = bindTenant(ctx, e.attacker.ID)
	for _, kind := range e.services.Kinds.All() {
		e.attackResources(ctx, kind)
	}
	for _, t := range e.tables {
		if t.Library {
			e.attackLibraryTable(ctx, t)
		}
	}
	attacker, services := e.attacker.ID, e.services
	e.recordPort("list keys", e.leakInAnswer(services.Keys.List(ctx, attacker, "", maxRead)))
	e.recordPort("list members", e.leakInAnswer(services.Members.List(ctx, attacker, "", maxRead)))
	e.recordPort("list invitations",
		e.leakInAnswer(services.Invitations.List(ctx, attacker, "", maxRead)))
	e.recordPort("export", e.leakInExport(ctx))
	e.recordPort("list the audit log",
		e.leakInAnswer(services.Audit.List(ctx, attacker, ports.AuditQuery{Limit: maxRead})))
	_, err := services.Audit.List(ctx, e.victim.ID, ports.AuditQuery{Limit: maxRead})
	e.recordPort("list the audit log of the other", wantCode(err, tenancy.CodeTenantMismatch))
	e.recordPort("add to the audit log of the other",
		wantCode(services.Audit.Append(ctx, e.victim.ID, tenancy.Event{Action: "x.forged"}),
			tenancy.CodeTenantMismatch))
}

func (e *examination) attackResources(ctx context.Context, kind federation.Kind) {
	resources, attacker := e.services.Resources, e.attacker.ID
	ref := federation.Ref{Kind: kind.Name, Name: e.victim.only}
	_, err := resources.Get(ctx, attacker, ref)
	e.recordPort("get "+kind.Name, wantCode(err, tenancy.CodeNotFound))
	_, err = resources.Get(ctx, e.victim.ID, ref)
	e.recordPort("get "+kind.Name+" of the other", wantCode(err, tenancy.CodeTenantMismatch))
	query := ports.ResourceQuery{Kind: kind.Name, Limit: maxRead}
	e.recordPort("list "+kind.Name, e.leakInAnswer(resources.List(ctx, attacker, query)))
	query.Labels = map[string]string{"marker": e.victim.marker}
	e.recordPort("search "+kind.Name, e.leakInAnswer(resources.List(ctx, attacker, query)))
	err = resources.Delete(ctx, attacker, ref, ports.Condition{})
	if kind.Singleton == "" {
		e.recordPort("delete "+kind.Name, wantCode(err, tenancy.CodeNotFound))
	}
}

// attackLibraryTable calls the port of one of the library's tables with ids that are in the
// victim's rows only.
func (e *examination) attackLibraryTable(ctx context.Context, t *relation) {
	attacker, services := e.attacker.ID, e.services
	switch t.Name {
	case "api_keys":
		for _, r := range t.rows[e.victim.ID] {
			e.recordPort("revoke a key", wantCode(services.Keys.Revoke(ctx, attacker, r.text("id")),
				tenancy.CodeNotFound))
		}
	case "members":
		if r := e.victimOnlyRow(t, []string{"user_id"}); r != nil {
			_, err := services.Members.Get(ctx, attacker, r.text("user_id"))
			e.recordPort("get a member", wantCode(err, tenancy.CodeNotFound))
			err = services.Members.Remove(ctx, attacker, r.text("user_id"))
			e.recordPort("remove a member", wantCode(err, tenancy.CodeNotFound))
		}
	case "invitations":
		for _, r := range t.rows[e.victim.ID] {
			err := services.Invitations.Revoke(ctx, attacker, r.text("id"))
			e.recordPort("revoke an invitation", wantCode(err, tenancy.CodeNotFound))
		}
	case "secrets":
		if r := e.victimOnlyRow(t, []string{"name"}); r != nil {
			_, err := services.Vault.Get(ctx, attacker, r.text("name"))
			e.recordPort("get a secret", wantCode(err, tenancy.CodeNotFound))
			err = services.Vault.Unset(ctx, attacker, r.text("name"))
			e.recordPort("unset a secret", wantCode(err, tenancy.CodeNotFound))
		}
	}
}

// text returns a text or a number of the row.
func (r row) text(column string) string {
	var s string
	if json.Unmarshal(r[column], &s) == nil {
		return s
	}
	var n json.Number
	_ = json.Unmarshal(r[column], &n)
	return n.String()
}

func wantCode(err error, code tenancy.Code) string {
	if err == nil {
		return "no error"
	}
	if got := tenancy.CodeOf(err); got != code {
		return fmt.Sprintf("returned %s, not %s: %v", got, code, err)
	}
	return ""
}

func (e *examination) leakInAnswer(found any, err error) string {
	if err != nil {
		return fmt.Sprintf("the attack couldn't be made: %v", err)
	}
	text, err := json.Marshal(found)
	if err != nil {
		return err.Error()
	}
	return e.findLeak("", string(text))
}

// leakInExport exports everything, and once more by following the references of all kinds.
func (e *examination) leakInExport(ctx context.Context) string {
	followed := ports.Selection{WithReferences: true}
	for _, kind := range e.services.Kinds.All() {
		followed.Kinds = append(followed.Kinds, kind.Name)
	}
	var items []federation.Item
	for _, sel := range []ports.Selection{{}, followed} {
		err := e.services.Transfers.Export(ctx, e.attacker.ID, sel, func(i federation.Item) error {
			items = append(items, i)
			return nil
		})
		if err != nil {
			return e.leakInAnswer(nil, err)
		}
	}
	return e.leakInAnswer(items, nil)
}
