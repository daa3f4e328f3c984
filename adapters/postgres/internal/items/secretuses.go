package items

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// SecretUses lets the database find the names and the first items of each, and looks in these
// items for the places itself. A value that is still in clear in its row is no reference.
func (s *resources) SecretUses(
	ctx context.Context, tenant tenancy.ID, q ports.SecretQuery,
) (found []ports.UsedSecret, err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(tenancy.CheckLimit(q.Limit), tenancy.CheckLimit(q.Uses)); err != nil {
		return nil, err
	}
	tables := slices.DeleteFunc(s.declared.SortedKinds(),
		func(t *declare.Table) bool { return !itemsql.HasSecrets(t) })
	if len(tables) == 0 {
		return nil, nil
	}
	query, more := itemsql.SelectSecretUses(tables, s.pool.ServerInfo.Collate)
	args := make([]any, itemsql.UsesParams)
	args[itemsql.UsesTenant], args[itemsql.UsesAfter] = tenant, q.After
	args[itemsql.UsesLimit], args[itemsql.UsesItems] = q.Limit, q.Uses+1
	byName := map[string]ports.UsedSecret{}
	err = s.pool.App.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) error {
			// the JIT compiler takes longer than it saves
			if _, err := tx.ExecContext(ctx, "SET LOCAL jit = off"); err != nil {
				return err
			}
			return s.forEachSecretUser(ctx, tx,
				func(names []string, uses []federation.SecretUse) {
					addUses(byName, names, uses, q.Uses)
				}, query, append(args, more...)...)
		})
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		found = append(found, byName[name])
	}
	return found, nil
}

// forEachSecretUser calls fn with each row of [itemsql.SelectSecretUses]: the names of the secrets
// and the item's references to any.
func (s *resources) forEachSecretUser(
	ctx context.Context, tx bun.IDB, fn func([]string, []federation.SecretUse), query string,
	args ...any,
) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	for rows.Next() {
		var ref federation.Ref
		var secrets, columns, spec []byte
		if err := rows.Scan(&ref.Kind, &ref.Name, &secrets, &columns, &spec); err != nil {
			return err
		}
		var names []string
		if err := json.Unmarshal(secrets, &names); err != nil {
			return err
		}
		uses, err := s.secretUsesOf(ref, columns, spec)
		if err != nil {
			return err
		}
		fn(names, uses)
	}
	return rows.Err()
}

// secretUsesOf returns the references of a row, sorted. A spec in which they can't be found has
// none: only SQL of the host can write one.
func (s *resources) secretUsesOf(
	ref federation.Ref, columns, spec []byte,
) ([]federation.SecretUse, error) {
	refs, err := columnRefs(ref, columns)
	if err != nil {
		return nil, err
	}
	item := federation.Item{Ref: ref, Spec: spec}.SealUnchecked()
	refs.marked, _ = s.declared.Kinds.SecretUses(item)
	uses := refs.uses()
	slices.SortFunc(uses, federation.SecretUse.Compare)
	return uses, nil
}

// addUses adds those of an item's references that are to the named secrets, up to limit of each.
func addUses(
	byName map[string]ports.UsedSecret, names []string, uses []federation.SecretUse, limit int,
) {
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
		secret := byName[name]
		secret.Name = name
		byName[name] = secret
	}
	for _, use := range uses {
		secret := byName[use.Secret]
		switch {
		case !wanted[use.Secret]:
			continue
		case len(secret.Uses) == limit:
			secret.More = true
		default:
			secret.Uses = append(secret.Uses, use)
		}
		byName[use.Secret] = secret
	}
}
