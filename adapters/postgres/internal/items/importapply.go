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

// Apply writes only if every reference exists. It writes kinds in the order of declared.KindTables, in
// which a kind comes after those that it refers to. Triggers of the database count the new items
// for the tenant's quotas.
func (im *importRun) Apply(ctx context.Context) ([]federation.SecretUse, error) {
	im.applied = true
	if !im.decided {
		return nil, nil
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
	secrets, err := im.missingSecrets(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range im.declared.KindTables {
		if err := im.writeKind(ctx, t); err != nil {
			return nil, err
		}
	}
	return secrets, im.checkRings(ctx)
}

// chosenItems is the source of the import's chosen items of a kind.
func (im *importRun) chosenItems(t *declare.Table) itemsql.Source {
	ofImport := "n.tenant_id = " + sqltext.Literal(im.tenant.String()) +
		" AND n.import = " + sqltext.Literal(im.id)
	return itemsql.Source{
		Query: "SELECT n.id, n.name, n.labels::jsonb AS labels, n.spec::jsonb AS spec, n.version," +
			" n.updated_at, n.target FROM bailiwick.staged AS n WHERE " + ofImport +
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

// missingSecrets returns the secrets that chosen items refer to and the vault doesn't have.
func (im *importRun) missingSecrets(ctx context.Context) ([]federation.SecretUse, error) {
	var missing []federation.SecretUse
	for _, t := range im.declared.SortedKinds() {
		for _, field := range t.Secrets {
			found, err := im.missingInField(ctx, t, field)
			if err != nil {
				return nil, err
			}
			missing = append(missing, found...)
		}
	}
	slices.SortFunc(missing, federation.SecretUse.Compare)
	return missing, nil
}

func (im *importRun) missingInField(
	ctx context.Context, t *declare.Table, field string,
) (missing []federation.SecretUse, err error) {
	secret := "s.spec -> " + sqltext.Literal(field) + " ->> '$secret'"
	err = im.conn.NewRaw("WITH src AS ("+im.chosenItems(t).Query+
		") SELECT ?0 AS kind, s.name, ?1 AS path, "+secret+" AS secret FROM src AS s"+
		" WHERE "+secret+" IS NOT NULL AND NOT EXISTS (SELECT FROM bailiwick.secrets AS v"+
		" WHERE v.tenant_id = ?2 AND v.name = "+secret+")",
		t.Kind, "/spec/"+field, im.tenant).Scan(ctx, &missing)
	return missing, err
}

// findTargets stores in each chosen item of a kind which row it overwrites. It runs before any
// item is written: a statement that looked for the targets among the rows that it inserts would
// read those again and again. It deletes a pristine singleton instead, which is replaced as if it
// were created; the condition is the SQL twin of [federation.Resource.IsPristine].
func (im *importRun) findTargets(ctx context.Context, t *declare.Table) error {
	if t.Singleton != "" {
		_, err := im.conn.NewRaw("DELETE FROM "+t.SQL+" AS t USING bailiwick.staged AS s"+
			whereKind+" AND s.chosen"+
			" AND t.tenant_id = ?0 AND t.version = 1 AND t.updated_at = t.created_at",
			im.tenant, im.id, t.Kind).Exec(ctx)
		if err != nil {
			return err
		}
	}
	_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET target = t.id FROM "+t.SQL+" AS t"+
		whereKind+" AND s.chosen"+
		" AND t.tenant_id = ?0 AND "+itemsql.NameEquals(t, "t", "s.name"),
		im.tenant, im.id, t.Kind).Exec(ctx)
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
