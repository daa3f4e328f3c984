package items

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// MoveSecrets moves the secrets that a single-tenant database has in clear into the vault of the
// default tenant, once. An item's secrets move together, each under the name that its item
// shows already. A value that the vault has already is kept.
func MoveSecrets(ctx context.Context, p *pool.Pool, d *declare.Set, v *vault.Vault) error {
	moved, err := secretsAreMoved(ctx, p)
	if err != nil || moved {
		return err
	}
	m := secretMover{declared: d, vault: v, tenant: tenancy.DefaultID}
	scoped, err := pool.BindTenant(ctx, m.tenant)
	if err != nil {
		return err
	}
	for _, t := range d.KindTables {
		for after, more := "", itemsql.HasSecrets(t); more; {
			err := p.InTx(scoped, func(ctx context.Context, tx bun.Tx) (err error) {
				after, more, err = m.movePage(ctx, tx, t, after)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	_, err = p.System.NewRaw("UPDATE bailiwick.instance SET secrets_moved = true").
		Exec(pool.CrossTenant(ctx, "record that the secrets were moved"))
	return pgerr.Translate(err)
}

func secretsAreMoved(ctx context.Context, p *pool.Pool) (moved bool, err error) {
	err = p.System.NewRaw("SELECT secrets_moved FROM bailiwick.instance").
		Scan(pool.CrossTenant(ctx, "find out whether the secrets were moved"), &moved)
	return moved, pgerr.Translate(err)
}

// secretMover moves secrets from the rows of a tenant into its vault.
type secretMover struct {
	declared *declare.Set
	vault    *vault.Vault
	tenant   tenancy.ID
}

// clearRow is a row that may have secrets in clear.
type clearRow struct {
	ID      string
	Name    string
	Spec    []byte // the column
	Columns []byte // the secret columns, as a JSON object
}

// query returns the query for the rows of t that may have secrets in clear.
func (m secretMover) query(t *declare.Table) string {
	conditions := []string{}
	pairs := []string{}
	for _, s := range t.Secrets {
		column := "t." + sqltext.Quote(s)
		pairs = append(pairs, sqltext.Literal(s)+", "+column)
		conditions = append(conditions, "NOT starts_with("+column+", '"+itemsql.SecretMark+"')")
	}
	for _, rule := range t.MarkedSecrets {
		marker, _ := json.Marshal(rule.Marker) // a string always marshals
		conditions = append(conditions,
			"strpos(t.spec::text, "+sqltext.Literal(string(marker))+") > 0")
	}
	return "SELECT t.id, " + itemsql.NameExpr(t, "t") + " AS name, " + itemsql.SpecOf(t) +
		" AS spec, jsonb_build_object(" +
		strings.Join(pairs, ", ") + ") AS columns FROM " + t.SQL +
		" AS t WHERE t." + t.Tenant() + " = ?0 AND (" + strings.Join(conditions, " OR ") + ")"
}

// movePage moves the secrets of the next rows after an id. It reports the last id and whether
// there may be more rows.
func (m secretMover) movePage(
	ctx context.Context, tx bun.IDB, t *declare.Table, after string,
) (last string, more bool, err error) {
	var rows []clearRow
	query := m.query(t) + " AND (?1 = '' OR t.id > nullif(?1, '')::" + t.IDType + ") ORDER BY t.id LIMIT ?2" +
		" FOR NO KEY UPDATE"
	if err := tx.NewRaw(query, m.tenant, after, pageSize).Scan(ctx, &rows); err != nil {
		return after, false, err
	}
	for _, r := range rows {
		after = r.ID
		if err := m.moveRow(ctx, tx, t, r); err != nil {
			return after, false, err
		}
	}
	return after, len(rows) == pageSize, nil
}

// storeSecretsOf stores the secrets of one row in the vault, and leaves the row as it is.
func (m secretMover) storeSecretsOf(
	ctx context.Context, tx bun.IDB, t *declare.Table, id string,
) error {
	if !itemsql.HasSecrets(t) {
		return nil
	}
	var rows []clearRow
	if err := tx.NewRaw(m.query(t)+" AND t.id = ?1", m.tenant, id).Scan(ctx, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		found, err := m.extract(t, r)
		if err != nil {
			return err
		}
		if err := m.store(ctx, tx, found.values); err != nil {
			return err
		}
	}
	return nil
}

// moveRow stores the secrets of a row in the vault and writes their names into the row. The
// content that is shown stays the same, and so does its time.
func (m secretMover) moveRow(
	ctx context.Context, tx bun.IDB, t *declare.Table, r clearRow,
) error {
	found, err := m.extract(t, r)
	if err != nil || len(found.values) == 0 {
		return err
	}
	if err := m.store(ctx, tx, found.values); err != nil {
		return err
	}
	if !t.NoVersion { // the trigger then keeps updated_at
		found.sets = append(found.sets, "version = t.version + 1")
	}
	_, err = tx.NewRaw("UPDATE "+t.SQL+" AS t SET "+strings.Join(found.sets, ", ")+
		" WHERE t."+t.Tenant()+" = ? AND t.id = ?",
		append(found.args, m.tenant, r.ID)...).Exec(ctx)
	return err
}

// clearSecrets are the secrets that a row has in clear.
type clearSecrets struct {
	values map[string]vault.Value // by their names in the vault
	sets   []string               // assignments that replace the values by references
	args   []any                  // of the assignments
}

// extract returns the secrets that a row has in clear. A spec that isn't valid has none: it is
// never shown.
func (m secretMover) extract(t *declare.Table, r clearRow) (clearSecrets, error) {
	found := clearSecrets{values: map[string]vault.Value{}}
	ref := federation.Ref{Kind: t.Kind, Name: r.Name}
	var columns map[string]*string
	if err := json.Unmarshal(r.Columns, &columns); err != nil {
		return found, err
	}
	for _, column := range slices.Sorted(maps.Keys(columns)) {
		value := columns[column]
		if value == nil || strings.HasPrefix(*value, itemsql.SecretMark) {
			continue
		}
		name := federation.SecretName(ref, column)
		found.values[name] = vault.Value{Text: *value}
		found.sets = append(found.sets, sqltext.Quote(column)+" = ?")
		found.args = append(found.args, itemsql.SecretMark+name)
	}
	spec, marked, err := m.extractMarked(ref, r.Spec)
	if err == nil && len(marked) > 0 {
		maps.Copy(found.values, marked)
		found.sets = append(found.sets, "spec = ?::jsonb")
		found.args = append(found.args, spec)
	}
	return found, nil
}

// extractMarked returns the column spec with references in place of its marked secrets, and these
// by their names. The rest of the spec stays as it is.
func (m secretMover) extractMarked(
	ref federation.Ref, spec []byte,
) (string, map[string]vault.Value, error) {
	item, err := federation.Item{Ref: ref, Spec: spec}.Seal()
	if err != nil {
		return "", nil, err
	}
	item, texts, err := m.declared.Kinds.ExtractSecrets(item)
	if err != nil || len(texts) == 0 {
		return "", nil, err
	}
	uses, err := m.declared.Kinds.SecretUses(item)
	if err != nil {
		return "", nil, err
	}
	tree, err := parseSpec(spec)
	if err != nil {
		return "", nil, err
	}
	values := make(map[string]vault.Value, len(texts))
	for _, use := range uses {
		text, extracted := texts[use.Secret]
		if !extracted {
			continue
		}
		before, err := tree.replace(use.Path, federation.SecretRef(use.Secret))
		if err != nil {
			return "", nil, err
		}
		switch before := before.(type) {
		case json.Number:
			values[use.Secret] = vault.Value{Text: before.String(), Literal: true}
		case bool:
			values[use.Secret] = vault.Value{Text: text, Literal: true}
		default:
			values[use.Secret] = vault.Value{Text: text}
		}
	}
	text, err := tree.text()
	return text, values, err
}

// store adds secrets to the vault, except those that it has.
func (m secretMover) store(
	ctx context.Context, tx bun.IDB, values map[string]vault.Value,
) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		exists, err := tx.NewRaw("SELECT FROM bailiwick.secrets WHERE tenant_id = ? AND name = ?",
			m.tenant, name).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := exists.RowsAffected(); n > 0 {
			continue
		}
		if err := m.vault.SetValueTx(ctx, tx, m.tenant, name, values[name]); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, tenancy.SetSecretEvent(name)); err != nil {
			return err
		}
	}
	return nil
}
