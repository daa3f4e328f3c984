package items

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func (s *resources) Put(
	ctx context.Context, tenant tenancy.ID, item federation.Item, cond ports.Condition,
) (stored federation.Resource, created bool, err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return stored, false, err
	}
	t, err := s.table(item.Kind)
	if err != nil {
		return stored, false, err
	}
	item, err = s.declared.Kinds.Check(item)
	if err != nil {
		return stored, false, err
	}
	item, values, err := extractSecrets(t, item)
	if err != nil {
		return stored, false, err
	}
	put := &put{resources: s, tenant: tenant, t: t, item: item, secrets: values, cond: cond}
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		stored, created, err = put.run(ctx, tx)
		return err
	})
	return stored, created, err
}

// extractSecrets takes the literal values of secrets out of the item. It answers the
// item with references in their place, and the values by secret name.
func extractSecrets(
	t *declare.Table, item federation.Item,
) (federation.Item, map[string]string, error) {
	if len(t.Secrets) == 0 {
		return item, nil, nil
	}
	var spec map[string]json.RawMessage
	if err := json.Unmarshal(item.Spec, &spec); err != nil {
		return item, nil, err
	}
	values := map[string]string{}
	for _, field := range t.Secrets {
		raw, given := spec[field]
		if !given {
			continue
		}
		if _, isRef := federation.ParseSecretRef(raw); isRef {
			continue
		}
		var value string
		if err := json.Unmarshal(raw, &value); err != nil {
			return item, nil, tenancy.Errorf(tenancy.CodeInvalid, "a secret is a string")
		}
		name := federation.SecretName(item.Ref, field)
		values[name] = value
		spec[field] = federation.SecretRef(name)
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return item, nil, err
	}
	item.Spec = raw
	sealed, err := item.Seal()
	return sealed, values, err
}

// put is one Put under way.
type put struct {
	resources *resources
	tenant    tenancy.ID
	t         *declare.Table
	item      federation.Item
	secrets   map[string]string
	cond      ports.Condition
}

const putSource = "SELECT ?0::uuid AS id, ?1::text AS name, ?2::jsonb AS labels, ?3::jsonb AS" +
	" spec, NULL::bigint AS version, NULL::timestamptz AS updated_at, ?4::uuid AS target"

func (p *put) run(
	ctx context.Context, tx bun.Tx,
) (stored federation.Resource, created bool, err error) {
	current, err := lockRow(ctx, tx, p.tenant, p.t, p.item.Name, "NO KEY UPDATE")
	if err != nil {
		return stored, false, err
	}
	if err := p.holdTargets(ctx, tx); err != nil {
		return stored, false, err
	}
	if err := current.check(p.cond); err != nil {
		return stored, false, err
	}
	before, err := p.before(ctx, tx, current)
	if err != nil {
		return stored, false, err
	}
	w := itemsql.NewWriter(p.resources.declared, p.t, p.tenant, itemsql.Source{Query: putSource})
	args := []any{pool.NewID(), p.item.Name, labelsJSON(p.item.Labels), string(p.item.Spec),
		current.target()}
	details, err := dangling(ctx, tx, w, func(d missing) string { return d.Path }, args...)
	if err != nil {
		return stored, false, err
	}
	if len(details) > 0 {
		return stored, false, danglingError(details)
	}
	created = !current.there()
	if err := p.write(ctx, tx, w, created, args); err != nil {
		return stored, false, err
	}
	secrets := slices.Sorted(maps.Keys(p.secrets))
	for _, name := range secrets {
		if err := p.resources.vault.SetTx(ctx, tx, p.tenant, name,
			[]byte(p.secrets[name])); err != nil {
			return stored, false, err
		}
	}
	stored, err = p.resources.get(ctx, tx, p.tenant, p.t, p.item.Name)
	if err != nil {
		return stored, false, err
	}
	return stored, created, audit.Record(ctx, tx,
		federation.WriteEvent(before, stored.Item, secrets))
}

// before is the item that is written over, nil if there is none.
func (p *put) before(ctx context.Context, tx bun.Tx, current lockedRow) (*federation.Item, error) {
	if !current.there() {
		return nil, nil
	}
	found, err := p.resources.get(ctx, tx, p.tenant, p.t, p.item.Name)
	return &found.Item, err
}

// holdTargets keeps what the item refers to from being deleted until the
// transaction ends. A name that nothing has is found afterwards.
func (p *put) holdTargets(ctx context.Context, tx bun.Tx) error {
	declared := p.resources.declared
	targets, err := declared.Kinds.Targets(p.item)
	if err != nil {
		return err
	}
	names := map[string][]string{}
	for _, target := range targets {
		names[target.Ref.Kind] = append(names[target.Ref.Kind], target.Ref.Name)
	}
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		t := declared.ByKind[kind]
		query := "SELECT FROM " + t.SQL + " AS t WHERE t.tenant_id = ? AND " +
			itemsql.NameOf(t, "t") +
			" IN (?) ORDER BY t.id FOR KEY SHARE"
		if _, err := tx.NewRaw(query, p.tenant, bun.List(names[kind])).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *put) write(
	ctx context.Context, tx bun.Tx, w itemsql.Writer, create bool, args []any,
) error {
	for _, statement := range w.Lookups() {
		if _, err := tx.NewRaw(statement, args...).Exec(ctx); err != nil {
			return err
		}
	}
	row := w.Update()
	if create {
		row = w.Insert()
	}
	result, err := tx.NewRaw(row, args...).Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := result.RowsAffected(); n != 1 {
		return pool.ErrConcurrentWrite
	}
	for _, statement := range w.Joins() {
		if _, err := tx.NewRaw(statement, args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// missing is a name that nothing has.
type missing struct{ Name, Path, Kind, Missing string }

func dangling(
	ctx context.Context, tx bun.IDB, w itemsql.Writer, path func(missing) string, args ...any,
) ([]tenancy.Detail, error) {
	query := w.Dangling()
	if query == "" {
		return nil, nil
	}
	var found []missing
	if err := tx.NewRaw(query, args...).Scan(ctx, &found); err != nil {
		return nil, err
	}
	details := make([]tenancy.Detail, len(found))
	for i, m := range found {
		details[i] = tenancy.Detail{Path: path(m), Code: tenancy.CodeDanglingReference,
			Detail: fmt.Sprintf("the tenant has no %s named %q", m.Kind, m.Missing)}
	}
	return details, nil
}

const maxDetails = 100

func danglingError(details []tenancy.Detail) error {
	slices.SortFunc(details,
		func(a, b tenancy.Detail) int { return strings.Compare(a.Path, b.Path) })
	err := tenancy.Errorf(tenancy.CodeDanglingReference,
		"it refers to something that the tenant doesn't have")
	err.Details = details[:min(len(details), maxDetails)]
	return err
}
