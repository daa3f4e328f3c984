package items

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// SecretReturn is the inverse of [MoveSecrets]: it writes the secrets to which the default
// tenant's rows refer into these rows, in clear, for a version that has no vault.
type SecretReturn struct {
	pool     *pool.Pool
	sealer   *vault.Sealer
	vault    *vault.Vault
	declared *declare.Set
	left     map[string]int // how many references to each secret are left
}

// NewSecretReturn returns a SecretReturn for the database of p, whose secrets s decrypts.
func NewSecretReturn(p *pool.Pool, s *vault.Sealer, d *declare.Set) *SecretReturn {
	return &SecretReturn{pool: p, sealer: s, vault: vault.New(p, s), declared: d}
}

// maxReturns is how often the tables are read for references before the work is given up: a
// server that writes secrets meanwhile would make more of them.
const maxReturns = 3

var errSecretsWritten = tenancy.Errorf(tenancy.CodeInvalidState, "a server wrote secrets while"+
	" they were written back into the rows: stop all servers of the new version, and try again")

// Run writes the secrets back. It may be killed and run again: a start in between moves them
// into the vault. Before it changes anything it is [tenancy.CodeInvalidState] if a secret can't
// be read. report is called after each transaction with the number of its rows.
func (r *SecretReturn) Run(
	ctx context.Context, tables []SecretTable, report func(SecretTable, int) error,
) error {
	ctx, err := pool.BindTenant(ctx, tenancy.DefaultID)
	if err != nil {
		return err
	}
	for range maxReturns {
		if err := r.check(ctx, tables); err != nil {
			return err
		}
		if err := r.forgetMove(ctx); err != nil || len(r.left) == 0 {
			return err
		}
		for _, t := range tables {
			if err := r.returnTable(ctx, t, report); err != nil {
				return err
			}
		}
	}
	return errSecretsWritten
}

// forgetMove makes the next start with a key move the secrets into the vault.
func (r *SecretReturn) forgetMove(ctx context.Context) error {
	_, err := r.pool.System.NewRaw("UPDATE bailiwick.instance SET secrets_moved = false").
		Exec(pool.CrossTenant(ctx, "record that the secrets aren't moved"))
	return pgerr.Translate(err)
}

func (r *SecretReturn) returnTable(
	ctx context.Context, t SecretTable, report func(SecretTable, int) error,
) error {
	const lock = " FOR NO KEY UPDATE"
	var done []rowRefs // of the last transaction
	return r.eachPage(ctx, t, lock,
		func(ctx context.Context, tx bun.Tx, rows []clearRow) (err error) {
			done, err = r.returnPage(ctx, tx, t, rows)
			return err
		},
		func() error {
			for _, refs := range done {
				for _, use := range refs.uses() {
					r.left[use.Secret]--
				}
			}
			if len(done) == 0 {
				return nil
			}
			return report(t, len(done))
		})
}

// returnPage writes the secrets of some rows back and removes those from the vault that no row
// refers to any more.
func (r *SecretReturn) returnPage(
	ctx context.Context, tx bun.Tx, t SecretTable, rows []clearRow,
) (done []rowRefs, err error) {
	for _, row := range rows {
		refs, err := r.refsOf(t, row)
		if err != nil {
			return nil, err
		}
		if len(refs.uses()) > 0 {
			done = append(done, refs)
		}
	}
	names := secretNames(done)
	values, err := r.vault.ValuesTx(ctx, tx, tenancy.DefaultID, names)
	if err != nil {
		return nil, err
	}
	released := map[string]int{} // references of these rows
	removed := slices.DeleteFunc(slices.Clone(names), r.isForeign)
	for _, refs := range done {
		for _, use := range refs.uses() {
			released[use.Secret]++
		}
		own, err := r.returnRow(ctx, tx, t, refs, values)
		if err != nil {
			return nil, err
		}
		removed = append(removed, own...)
	}
	removed = slices.DeleteFunc(removed,
		func(name string) bool { return r.left[name] > released[name] })
	if err := r.remove(ctx, tx, removed); err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := audit.Record(ctx, tx, returnEvent(name)); err != nil {
			return nil, err
		}
	}
	return done, nil
}

// returnEvent is recorded when a secret is written into rows in clear.
func returnEvent(name string) tenancy.Event {
	return tenancy.Event{Action: "secret.return",
		Target: tenancy.AuditTarget{Kind: "secret", Name: name}}
}

// isForeign reports whether a secret's name isn't one that [federation.SecretName] gives.
func (r *SecretReturn) isForeign(name string) bool {
	kind, rest, _ := strings.Cut(name, "/")
	_, isKind := r.declared.ByKind[kind]
	return !strings.HasPrefix(name, "sha256:") && !(isKind && strings.Contains(rest, "/"))
}

// returnRow writes the secrets of a row back. It returns the names under which the next
// [MoveSecrets] stores the row's secrets: it would keep a value that the vault has under one.
func (r *SecretReturn) returnRow(
	ctx context.Context, tx bun.Tx, t SecretTable, refs rowRefs, values map[string]vault.Value,
) (own []string, err error) {
	sets := []string{"version = t.version + 1"} // the trigger then keeps updated_at
	var args []any
	for _, column := range slices.Sorted(maps.Keys(refs.column)) {
		value, ok := values[refs.column[column]]
		if !ok {
			return nil, errSecretsWritten // it was there when all were checked
		}
		sets = append(sets, sqltext.Quote(column)+" = ?")
		args = append(args, value.Text)
	}
	for _, column := range t.columns {
		own = append(own, federation.SecretName(refs.ref, column))
	}
	if len(refs.marked) > 0 {
		spec, err := refs.specInClear(values)
		if err != nil {
			return nil, err
		}
		sets, args = append(sets, "spec = ?::jsonb"), append(args, spec)
		mover := secretMover{declared: r.declared}
		if _, marked, err := mover.extractMarked(refs.ref, []byte(spec)); err == nil {
			own = slices.AppendSeq(own, maps.Keys(marked))
		}
	}
	_, err = tx.NewRaw("UPDATE "+t.SQL+" AS t SET "+strings.Join(sets, ", ")+" WHERE "+
		t.ofTenant()+" AND t.id = ?", append(args, refs.row.ID)...).Exec(ctx)
	return own, err
}

// specInClear returns the column spec with the values in place of the references.
func (r rowRefs) specInClear(values map[string]vault.Value) (string, error) {
	tree, err := parseSpec(r.row.Spec)
	if err != nil {
		return "", err
	}
	for _, use := range r.marked {
		value, ok := values[use.Secret]
		if !ok {
			return "", errSecretsWritten
		}
		if _, err := tree.replace(use.Path, value.JSON()); err != nil {
			return "", err
		}
	}
	return tree.text()
}

// remove removes secrets from the vault.
func (r *SecretReturn) remove(ctx context.Context, tx bun.Tx, names []string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := tx.NewRaw("DELETE FROM bailiwick.secrets WHERE tenant_id = ? AND name IN (?)",
		tenancy.DefaultID, bun.List(names)).Exec(ctx)
	return err
}
