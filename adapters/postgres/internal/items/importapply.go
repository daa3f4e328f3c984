package items

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Apply writes only if every reference exists. It writes kinds in the order of declared.KindTables, in
// which a kind comes after those that it refers to. Triggers of the database count the new items
// for the tenant's quotas.
func (im *importRun) Apply(ctx context.Context) ([]federation.SecretUse, error) {
	im.applied = true
	if !im.decided {
		return nil, nil
	}
	if err := im.storeTaken(ctx); err != nil {
		return nil, err
	}
	if err := im.useLocalNames(ctx); err != nil {
		return nil, err
	}
	// after all decisions, because these may rename items
	for _, t := range im.declared.KindTables {
		if err := im.findTargets(ctx, t); err != nil {
			return nil, err
		}
	}
	if err := im.checkReferences(ctx); err != nil {
		return nil, err
	}
	for _, t := range im.declared.KindTables {
		if err := im.writeKind(ctx, t); err != nil {
			return nil, err
		}
	}
	if err := im.removeItems(ctx); err != nil {
		return nil, err
	}
	slices.SortFunc(im.missing, federation.SecretUse.Compare)
	return im.missing, im.checkRings(ctx)
}

// chosenItems is the source of the import's chosen items of a kind.
func (im *importRun) chosenItems(t *declare.Table) itemsql.Source {
	ofImport := "n.tenant_id = " + sqltext.Literal(im.tenant.String()) +
		" AND n.import = " + sqltext.Literal(im.id)
	id, target := "n.id", "n.target"
	if t.IDType != declare.UUIDs {
		id, target = "n.new_key::"+t.IDType+" AS id", "n.target_key::"+t.IDType+" AS target"
	}
	return itemsql.Source{
		Query: "SELECT " + id + ", n.name, n.labels::jsonb AS labels, n.spec::jsonb AS spec, n.version," +
			" n.updated_at, " + target + " FROM bailiwick.staged AS n WHERE " + ofImport +
			` AND n.chosen AND n.kind COLLATE "C" = ` + sqltext.Literal(t.Kind),
		Pending: ofImport,
	}
}

// checkReferences returns [tenancy.CodeDanglingReference] if a chosen item refers to an item that
// neither the tenant has nor the import writes.
func (im *importRun) checkReferences(ctx context.Context) error {
	var details []tenancy.Detail
	for _, t := range im.declared.SortedKinds() {
		w := itemsql.NewWriter(im.declared, t, im.tenant, im.chosenItems(t))
		found, err := findDangling(ctx, im.conn, w, func(d danglingRef) string {
			return federation.Ref{Kind: t.Kind, Name: d.Name}.Pointer() + d.Path
		})
		if err != nil {
			return err
		}
		details = append(details, found...)
	}
	return federation.DanglingError(details)
}

// findMissingSecrets adds the references of items to secrets that the vault doesn't have.
func (im *importRun) findMissingSecrets(ctx context.Context, items []federation.Item) error {
	var uses []federation.SecretUse
	for _, item := range items {
		found, err := im.declared.Kinds.SecretUses(item)
		if err != nil {
			return err
		}
		uses = append(uses, found...)
	}
	if len(uses) == 0 {
		return nil
	}
	names := make([]string, len(uses))
	for i, use := range uses {
		names[i] = use.Secret
	}
	var stored []string
	err := im.conn.NewRaw("SELECT name FROM bailiwick.secrets WHERE tenant_id = ? AND name IN (?)",
		im.tenant, bun.List(names)).Scan(ctx, &stored)
	if err != nil {
		return err
	}
	for _, use := range uses {
		if !slices.Contains(stored, use.Secret) {
			im.missing = append(im.missing, use)
		}
	}
	return nil
}

// findTargets stores in each chosen item of a kind which row it overwrites. It runs before any
// item is written: a statement that looked for the targets among the rows that it inserts would
// read those again and again. It deletes a pristine singleton instead, which is replaced as if it
// were created; the condition is the SQL twin of [federation.Resource.IsPristine].
func (im *importRun) findTargets(ctx context.Context, t *declare.Table) error {
	if t.Singleton != "" {
		_, err := im.conn.NewRaw("DELETE FROM "+t.SQL+" AS t USING bailiwick.staged AS s"+
			whereKind+" AND s.chosen"+
			" AND t."+t.Tenant()+" = ?0 AND t.version = 1 AND t.updated_at = t.created_at",
			im.tenant, im.id, t.Kind).Exec(ctx)
		if err != nil {
			return err
		}
	}
	living := itemsql.Living(t, "t")
	if t.KeepsNames { // the item takes the place of a deleted one
		living = ""
	}
	target := "target = t.id"
	if t.IDType != declare.UUIDs {
		target = "target_key = t.id::text"
	}
	_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET "+target+" FROM "+t.SQL+" AS t"+
		whereKind+" AND s.chosen"+
		" AND t."+t.Tenant()+" = ?0 AND "+itemsql.NameEquals(t, "t", "s.name")+living,
		im.tenant, im.id, t.Kind).Exec(ctx)
	if err != nil || t.IDType == declare.UUIDs {
		return err
	}
	_, err = im.conn.NewRaw("UPDATE bailiwick.staged AS s SET new_key = ("+cmp.Or(t.NewID, "s.id")+
		")::text"+whereKind+" AND s.chosen AND s.target_key IS NULL", im.tenant, im.id, t.Kind).Exec(ctx)
	return err
}

// writeKind writes the chosen items of a kind. It inserts the new ones first, so that the updated
// ones may refer to them.
func (im *importRun) writeKind(ctx context.Context, t *declare.Table) error {
	w := itemsql.NewWriter(im.declared, t, im.tenant, im.chosenItems(t))
	// a join table is filled after both of its sides
	statements := append(w.InsertLookups(), w.Insert(), w.Update())
	return execAll(ctx, im.conn, append(statements, w.ReplaceJoins()...))
}
