package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// findSource finds or makes the row of the tenant that the items come from. The lock of the import
// keeps another one from making it too.
func (im *importRun) findSource(ctx context.Context, from federation.Source) error {
	if from == (federation.Source{}) {
		return nil
	}
	im.source = pool.NewID()
	_, err := im.conn.NewRaw("INSERT INTO bailiwick.sources (tenant_id, id, instance, tenant)"+
		" VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", im.tenant, im.source, from.Instance,
		from.Tenant).Exec(ctx)
	if err != nil {
		return err
	}
	return im.conn.NewRaw("SELECT id FROM bailiwick.sources WHERE tenant_id = ? AND instance = ?"+
		" AND tenant = ?", im.tenant, from.Instance, from.Tenant).Scan(ctx, &im.source)
}

// sourceID returns the id of the source for a statement, NULL if the items come from none.
func (im *importRun) sourceID() any {
	if im.source == "" {
		return nil
	}
	return im.source
}

// StageMissing stages rows that nothing is written from.
func (im *importRun) StageMissing(ctx context.Context, sel ports.Selection) error {
	if im.source == "" {
		return nil
	}
	query := `INSERT INTO bailiwick.import_items (import, kind, name, labels, spec, digest, version,
		  updated_at, id, chosen, missing, taken, new_name)
		SELECT ?1, b.kind, b.name, '{}', '{}', '', 1, now(), gen_random_uuid(), false, true, false, b.local_name
		  FROM bailiwick.bases AS b JOIN bailiwick.contents AS c
		    ON c.tenant_id = b.tenant_id AND c.digest = b.digest
		 WHERE b.tenant_id = ?0 AND b.source = ?2 AND NOT EXISTS (SELECT FROM bailiwick.staged AS s
		   WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE "C" = b.kind AND s.name COLLATE "C" = b.name)`
	args := []any{im.tenant, im.id, im.source}
	if len(sel.Kinds) > 0 {
		query += " AND b.kind IN (?3)"
	}
	if len(sel.Labels) > 0 {
		query += " AND c.labels::jsonb @> ?4::jsonb"
	}
	if len(sel.Names) > 0 {
		query += " AND b.name IN (?5)"
	}
	args = append(args, bun.List(sel.Kinds), labelsJSON(sel.Labels), bun.List(sel.Names))
	_, err := im.conn.NewRaw(query, args...).Exec(ctx)
	return pgerr.Translate(err)
}

// Renames reads the rows of which most imports have few.
func (im *importRun) Renames(ctx context.Context) (map[federation.Ref]string, error) {
	names := map[federation.Ref]string{}
	if im.source == "" {
		return names, nil
	}
	var rows []struct{ Kind, Name, LocalName string }
	err := im.conn.NewRaw("SELECT kind, name, local_name FROM bailiwick.bases"+
		" WHERE tenant_id = ? AND source = ? AND local_name <> name", im.tenant, im.source).
		Scan(ctx, &rows)
	for _, r := range rows {
		names[federation.Ref{Kind: r.Kind, Name: r.Name}] = r.LocalName
	}
	return names, pgerr.Translate(err)
}
