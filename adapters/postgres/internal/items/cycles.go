package items

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// acyclic is a reference of a kind to itself through which no item may come back to itself.
type acyclic struct {
	table    *declare.Table
	stored   declare.Reference
	declared federation.Reference
}

// acyclicReferences returns those of the table's kind.
func acyclicReferences(d *declare.Set, t *declare.Table) []acyclic {
	kind, _ := d.Kinds.Kind(t.Kind)
	var found []acyclic
	for _, r := range kind.AcyclicReferences() {
		i := slices.IndexFunc(t.References,
			func(s declare.Reference) bool { return s.Field == r.Field })
		found = append(found, acyclic{t, t.References[i], r})
	}
	return found
}

// lockRings makes the put wait for other writes that could close a ring with it, and for
// imports: each of two concurrent ones alone would find none.
func (p *putRun) lockRings(ctx context.Context, tx bun.Tx) error {
	p.rings = nil // run may be called again
	for _, r := range acyclicReferences(p.resources.declared, p.table) {
		if len(r.declared.Within(p.table.Kind, p.targets)) > 0 {
			p.rings = append(p.rings, r)
		}
	}
	if len(p.rings) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT bailiwick.lock_quota()")
	return err
}

// checkRings returns [tenancy.CodeCyclicReference] if the stored item comes back to itself.
func (p *putRun) checkRings(ctx context.Context, tx bun.Tx, id string) error {
	var details []tenancy.Detail
	for _, r := range p.rings {
		var inRing bool
		err := tx.NewRaw(itemsql.SelectInRing(p.table, r.stored, "?0::uuid",
			"?1::"+p.table.IDType), p.tenant, id).Scan(ctx, &inRing)
		if err != nil {
			return err
		}
		if inRing {
			details = append(details, federation.CyclicReference("", r.declared))
		}
	}
	return federation.CyclicError(details)
}

// checkRings returns [tenancy.CodeCyclicReference] if an item that the import wrote comes back
// to itself. It reads the references of the kind once, whatever the length of the chains.
func (im *importRun) checkRings(ctx context.Context) error {
	var details []tenancy.Detail
	for _, t := range im.declared.SortedKinds() {
		for _, r := range acyclicReferences(im.declared, t) {
			found, err := im.ringDetails(ctx, r)
			if err != nil {
				return err
			}
			details = append(details, found...)
		}
	}
	return federation.CyclicError(details)
}

func (im *importRun) ringDetails(ctx context.Context, r acyclic) ([]tenancy.Detail, error) {
	var written []string
	member := "s.spec -> " + sqltext.Literal(r.stored.Field)
	err := im.conn.NewRaw("WITH src AS ("+im.chosenItems(r.table).Query+
		") SELECT s.name FROM src AS s WHERE "+member+" IS NOT NULL AND "+member+" <> '[]'").
		Scan(ctx, &written)
	if err != nil || len(written) == 0 {
		return nil, err
	}
	var edges []federation.Edge
	query := itemsql.SelectNamedEdges(r.table, r.stored, "?::uuid")
	if err := im.conn.NewRaw(query, im.tenant, im.tenant, im.tenant).Scan(ctx, &edges); err != nil {
		return nil, err
	}
	rings := federation.Rings(edges)
	var details []tenancy.Detail
	for _, name := range written {
		if rings[name] {
			prefix := federation.Ref{Kind: r.table.Kind, Name: name}.Pointer()
			details = append(details, federation.CyclicReference(prefix, r.declared))
		}
	}
	return details, nil
}
