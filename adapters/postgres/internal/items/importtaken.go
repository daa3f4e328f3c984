package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/federation"
)

// contents returns what is stored under these digests.
func (im *importRun) contents(
	ctx context.Context, digests []string,
) (map[federation.Digest]*federation.Item, error) {
	found := map[federation.Digest]*federation.Item{}
	if len(digests) == 0 {
		return found, nil
	}
	var rows []stagedRow
	err := im.conn.NewRaw("SELECT kind, name, labels, spec, digest FROM bailiwick.contents"+
		" WHERE tenant_id = ? AND digest IN (?)", im.tenant, bun.List(digests)).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		item, err := r.item()
		if err != nil {
			return nil, err
		}
		found[item.Digest] = &item
	}
	return found, nil
}

// ofImport selects the staged items of the import, and ofBase the base of each: ?0 is the tenant,
// ?1 the import, ?2 the source.
const (
	ofImport = " s.tenant_id = ?0 AND s.import = ?1"
	ofBase   = " b.tenant_id = ?0 AND b.source = ?2" +
		` AND b.kind = s.kind COLLATE "C" AND b.name = s.name COLLATE "C"`
)

// storeTaken makes what was taken the bases, and forgets what was removed. It runs while the staged
// items have the names of the source.
func (im *importRun) storeTaken(ctx context.Context) error {
	if im.source == "" {
		return nil
	}
	const digest = "coalesce(s.taken_digest, s.digest)"
	const localName = "coalesce(s.new_name, b.local_name, s.name)"
	const taken = " FROM bailiwick.staged AS s LEFT JOIN bailiwick.bases AS b ON" + ofBase +
		" WHERE" + ofImport + " AND s.taken ON CONFLICT"
	for _, statement := range []string{
		"UPDATE bailiwick.staged AS s SET replaced = b.digest FROM bailiwick.bases AS b WHERE" +
			ofImport + " AND" + ofBase + " AND (s.removed OR s.taken AND b.digest <> " + digest + ")",
		"DELETE FROM bailiwick.bases AS b USING bailiwick.staged AS s WHERE" + ofImport + " AND" +
			ofBase + " AND s.removed",
		"INSERT INTO bailiwick.contents (tenant_id, digest, kind, name, labels, spec) SELECT ?0, " +
			digest + ", s.kind, " + localName + ", coalesce(s.taken_labels, s.labels)," +
			" coalesce(s.taken_spec, s.spec)" + taken + " DO NOTHING",
		"INSERT INTO bailiwick.bases AS b (tenant_id, source, kind, name, local_name, digest)" +
			" SELECT ?0, ?2, s.kind, s.name, " + localName + ", " + digest + taken +
			" (tenant_id, source, kind, name) DO UPDATE SET digest = excluded.digest," +
			" local_name = excluded.local_name" +
			" WHERE (b.digest, b.local_name) <> (excluded.digest, excluded.local_name)",
		"DELETE FROM bailiwick.contents AS c USING bailiwick.staged AS s WHERE" + ofImport +
			" AND c.tenant_id = ?0 AND c.digest = s.replaced AND NOT EXISTS" +
			" (SELECT FROM bailiwick.bases AS b WHERE b.tenant_id = ?0 AND b.digest = c.digest)",
	} {
		if _, err := im.conn.NewRaw(statement, im.tenant, im.id, im.source).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// useLocalNames gives the staged items the names that they have in the target. Those that aren't
// written make room first: one may have a name in the source that another one has in the target.
func (im *importRun) useLocalNames(ctx context.Context) error {
	if !im.renamed {
		return nil
	}
	_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET name = '/' || s.id WHERE"+ofImport+
		" AND (s.new_name IS NOT NULL OR NOT s.chosen)", im.tenant, im.id).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = im.conn.NewRaw("UPDATE bailiwick.staged AS s SET name = s.new_name WHERE"+ofImport+
		" AND s.new_name IS NOT NULL AND (s.chosen OR s.removed)", im.tenant, im.id).Exec(ctx)
	return err
}
