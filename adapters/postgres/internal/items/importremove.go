package items

import (
	"context"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// removeItems deletes what the source no longer has, after everything is written: what referred to
// it may no longer do so. A kind is emptied before those that it refers to.
func (im *importRun) removeItems(ctx context.Context) error {
	if !im.removes {
		return nil
	}
	if err := im.checkRemovals(ctx); err != nil {
		return err
	}
	for _, t := range slices.Backward(im.declared.KindTables) {
		if err := im.removeKind(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// removedRows is the FROM and WHERE for the rows t of a kind that are removed, and their staged
// items s.
func removedRows(t *declare.Table) string {
	return " FROM " + t.SQL + " AS t JOIN bailiwick.staged AS s ON " + itemsql.NameEquals(t, "t", "s.name") +
		whereKind + " AND s.removed AND t." + t.Tenant() + " = ?0" + itemsql.Living(t, "t")
}

// checkRemovals locks the rows, so that no other transaction inserts a reference to one, and returns
// [tenancy.CodeReferenced] if an item that stays refers to one.
func (im *importRun) checkRemovals(ctx context.Context) error {
	var found []tenancy.Detail
	for _, t := range im.declared.KindTables {
		_, err := im.conn.NewRaw("SELECT"+removedRows(t)+" FOR UPDATE OF t", im.tenant, im.id, t.Kind).
			Exec(ctx)
		if err != nil {
			return err
		}
		referrers := itemsql.SelectReferrers(im.declared, t, im.tenant, "x.id")
		if referrers == "" {
			continue
		}
		var rows []struct{ Name, FromKind, FromName string }
		err = im.conn.NewRaw("SELECT DISTINCT x.name, f.kind::text AS from_kind,"+
			" f.name::text AS from_name FROM (SELECT t.id, s.name"+removedRows(t)+") AS x"+
			" CROSS JOIN LATERAL ("+referrers+") AS f WHERE NOT EXISTS (SELECT FROM bailiwick.staged"+
			" AS o WHERE o.tenant_id = ?0 AND o.import = ?1 AND o.removed"+
			` AND o.kind COLLATE "C" = f.kind::text AND o.name COLLATE "C" = f.name::text) LIMIT ?3`,
			im.tenant, im.id, t.Kind, maxReferrers+1).Scan(ctx, &rows)
		if err != nil {
			return err
		}
		for _, r := range rows {
			found = append(found, federation.StillReferenced(federation.Ref{Kind: t.Kind, Name: r.Name},
				federation.Ref{Kind: r.FromKind, Name: r.FromName}))
		}
	}
	return federation.ReferenceError(tenancy.CodeReferenced, found, federation.BeforeDeletion)
}

// removeKind deletes the rows as [deleteRow] does.
func (im *importRun) removeKind(ctx context.Context, t *declare.Table) error {
	removed := " IN (SELECT t.id" + removedRows(t) + ")"
	for _, r := range t.References {
		if r.JoinTable == nil || t.DeletedAt != "" {
			continue
		}
		_, err := im.conn.NewRaw("DELETE FROM "+r.JoinTable.SQL+" AS j WHERE j."+r.JoinTable.Tenant()+
			" = ?0 AND j."+sqltext.Quote(r.JoinTable.From)+removed, im.tenant, im.id, t.Kind).Exec(ctx)
		if err != nil {
			return err
		}
	}
	statement := "DELETE FROM " + t.SQL + " AS d"
	if t.DeletedAt != "" {
		statement = "UPDATE " + t.SQL + " AS d SET " + sqltext.Quote(t.DeletedAt) + " = now()"
	}
	_, err := im.conn.NewRaw(statement+" WHERE d."+t.Tenant()+" = ?0 AND d.id"+removed, im.tenant, im.id,
		t.Kind).Exec(ctx)
	return err
}
