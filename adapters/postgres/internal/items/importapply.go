package items

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func (im *importing) Apply(
	ctx context.Context, decide func(federation.Item) (ports.Decision, error),
) ([]federation.SecretUse, error) {
	im.applied = true
	for _, t := range im.declared.SortedKinds() {
		if err := im.decideAll(ctx, t, decide); err != nil {
			return nil, pgerr.Translate(err)
		}
	}
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
	return secrets, nil
}

// decideAll asks for each staged item of a kind. Items are chosen from the
// start: only what is left out or rewritten needs a write.
func (im *importing) decideAll(
	ctx context.Context, t *declare.Table, decide func(federation.Item) (ports.Decision, error),
) error {
	return im.eachStaged(ctx, t, func(page []stagedRow) error {
		var left []string
		var rewritten []rewrite
		for _, row := range page {
			item, err := row.item()
			if err != nil {
				return err
			}
			decision, err := decide(item)
			if err != nil {
				return err
			}
			if !decision.Write {
				left = append(left, row.Name)
				continue
			}
			if decision.Item.Digest != item.Digest {
				rewritten = append(rewritten, rewrite{from: row.Name, item: decision.Item})
			}
		}
		return im.record(ctx, t, left, rewritten)
	})
}

// rewrite is a staged item under its old name, and what it becomes.
type rewrite struct {
	from string
	item federation.Item
}

const ofStaged = ` WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE "C" = ?2`

func (im *importing) record(
	ctx context.Context, t *declare.Table, left []string, rewritten []rewrite,
) error {
	if len(left) > 0 {
		_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET chosen = false"+ofStaged+
			` AND s.name COLLATE "C" IN (?3)`,
			im.tenant, im.id, t.Kind, bun.List(left)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	for _, r := range rewritten {
		_, err := im.conn.NewRaw(
			"UPDATE bailiwick.staged AS s SET name = ?3, labels = ?4, spec = ?5, digest = ?6"+
				ofStaged+` AND s.name COLLATE "C" = ?7`,
			im.tenant, im.id, t.Kind, r.item.Name, labelsJSON(r.item.Labels), string(r.item.Spec),
			string(r.item.Digest), r.from).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// eachStaged gives the staged items of a kind as they are when it begins: those
// that are renamed meanwhile don't come again.
func (im *importing) eachStaged(
	ctx context.Context, t *declare.Table, fn func([]stagedRow) error,
) error {
	return fetch(ctx, im.conn, "SELECT "+stagedColumns+" FROM bailiwick.staged AS s"+ofStaged, fn,
		im.tenant, im.id, t.Kind)
}

// source is the import's chosen items of a kind.
func (im *importing) source(t *declare.Table) itemsql.Source {
	mine := "n.tenant_id = " + sqltext.Literal(im.tenant.String()) + " AND n.import = " +
		sqltext.Literal(im.id)
	return itemsql.Source{
		Query: "SELECT n.id, n.name, n.labels::jsonb AS labels, n.spec::jsonb AS spec, n.version," +
			" n.updated_at, n.target FROM bailiwick.staged AS n WHERE " +
			mine + ` AND n.chosen AND n.kind COLLATE "C" = ` + sqltext.Literal(t.Kind),
		Pending: mine,
	}
}

func (im *importing) checkReferences(ctx context.Context) error {
	var details []tenancy.Detail
	for _, t := range im.declared.SortedKinds() {
		w := itemsql.NewWriter(im.declared, t, im.tenant, im.source(t))
		found, err := dangling(ctx, im.conn, w, func(m missing) string {
			return "/" + t.Kind + "/" + pointerEscaper.Replace(m.Name) + m.Path
		})
		if err != nil {
			return err
		}
		details = append(details, found...)
	}
	if len(details) > 0 {
		return danglingError(details)
	}
	return nil
}

// pointerEscaper is RFC 6901, section 3.
var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// missingSecrets finds the secrets that chosen items name and the vault lacks.
func (im *importing) missingSecrets(ctx context.Context) ([]federation.SecretUse, error) {
	var uses []federation.SecretUse
	for _, t := range im.declared.SortedKinds() {
		for _, field := range t.Secrets {
			var found []federation.SecretUse
			secret := "s.spec -> " + sqltext.Literal(field) + " ->> '$secret'"
			err := im.conn.NewRaw("WITH src AS ("+im.source(t).Query+
				") SELECT ?0 AS kind, s.name, ?1 AS path, "+secret+
				" AS secret FROM src AS s WHERE "+
				secret+" IS NOT NULL AND NOT EXISTS (SELECT FROM bailiwick.secrets AS v"+
				" WHERE v.tenant_id = ?2 AND v.name = "+secret+")",
				t.Kind, "/spec/"+field, im.tenant).Scan(ctx, &found)
			if err != nil {
				return nil, err
			}
			uses = append(uses, found...)
		}
	}
	slices.SortFunc(uses, func(a, b federation.SecretUse) int {
		if c := strings.Compare(a.Kind, b.Kind); c != 0 {
			return c
		}
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
	return uses, nil
}

// findTargets notes which rows the chosen items of a kind overwrite, before any
// is written: a statement that looked among the rows that it creates itself
// would pass over each of them again and again. A pristine singleton is none.
func (im *importing) findTargets(ctx context.Context, t *declare.Table) error {
	if t.Singleton != "" {
		_, err := im.conn.NewRaw("DELETE FROM "+t.SQL+" AS t USING bailiwick.staged AS s"+
			" WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE \"C\" = ?2 AND s.chosen"+
			" AND t.tenant_id = ?0 AND t.version = 1 AND t.updated_at = t.created_at", im.tenant,
			im.id, t.Kind).Exec(ctx)
		if err != nil {
			return err
		}
	}
	_, err := im.conn.NewRaw("UPDATE bailiwick.staged AS s SET target = t.id FROM "+t.SQL+" AS t"+
		" WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE \"C\" = ?2 AND s.chosen"+
		" AND t.tenant_id = ?0 AND "+itemsql.NameEquals(t, "t", "s.name"), im.tenant, im.id,
		t.Kind).
		Exec(ctx)
	return err
}

// writeKind writes the chosen items of a kind: first those that are new, so
// that those that are there may refer to them.
func (im *importing) writeKind(ctx context.Context, t *declare.Table) error {
	w := itemsql.NewWriter(im.declared, t, im.tenant, im.source(t))
	statements := append(w.InsertLookups(), w.Insert(), w.Update())
	for _, statement := range append(statements, w.ReplaceJoins()...) {
		if _, err := im.conn.NewRaw(statement).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
