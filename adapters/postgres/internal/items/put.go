package items

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Put checks the item before the transaction begins. The transaction may run again after a
// concurrent write, each time with the same item and secrets.
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
	item, secrets, err := s.declared.Kinds.ExtractSecrets(item)
	if err != nil {
		return stored, false, err
	}
	targets, err := s.declared.Kinds.Targets(item)
	if err != nil {
		return stored, false, err
	}
	p := &putRun{resources: s, tenant: tenant, table: t, item: item, targets: targets,
		secrets: secrets, cond: cond}
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		stored, created, err = p.run(ctx, tx)
		return err
	})
	if errors.Is(err, errUnchanged) {
		err = nil
	}
	return stored, created, err
}

// errUnchanged rolls back a put that wrote what was stored already, in another notation: the
// database writes a time or a number in one form.
var errUnchanged = errors.New("postgres: the put changes nothing")

// putRun is a call of Put. Its method run may be called again after a rollback.
type putRun struct {
	resources *resources
	tenant    tenancy.ID
	table     *declare.Table
	item      federation.Item
	targets   []federation.Target
	secrets   map[string]string // values by the names of the secrets
	cond      ports.Condition
	rings     []acyclic // the item's references that must not close a ring
}

// source is the [itemsql.Source] of a put; putRun.sourceArgs are its arguments.
func (p *putRun) source() itemsql.Source {
	return itemsql.Source{Query: "SELECT ?0::" + p.table.IDType + " AS id, ?1::text AS name," +
		" ?2::jsonb AS labels, ?3::jsonb AS spec, NULL::bigint AS version," +
		" NULL::timestamptz AS updated_at, ?4::" + p.table.IDType + " AS target"}
}

// sourceArgs has a new id if the item is inserted.
func (p *putRun) sourceArgs(ctx context.Context, tx bun.Tx, current lockedRow) ([]any, error) {
	var id any
	if current.ID == "" {
		made, err := newID(ctx, tx, p.table)
		if err != nil {
			return nil, err
		}
		id = made
	}
	return []any{id, p.item.Name, labelsJSON(p.item.Labels), string(p.item.Spec),
		current.sqlID()}, nil
}

// newID returns an id for a new row of t. Several statements need it, so that it is made before
// them.
func newID(ctx context.Context, tx bun.IDB, t *declare.Table) (id string, err error) {
	if t.NewID == "" {
		return pool.NewID(), nil
	}
	err = tx.QueryRowContext(ctx, "SELECT ("+t.NewID+")::text").Scan(&id)
	return id, err
}

// run locks the item's row and the rows that it refers to before it reads anything else, so
// that no concurrent write makes its checks wrong. It stores the secrets in the same
// transaction, so that no reader finds a reference without its secret.
func (p *putRun) run(
	ctx context.Context, tx bun.Tx,
) (stored federation.Resource, created bool, err error) {
	if err := p.lockRings(ctx, tx); err != nil {
		return stored, false, err
	}
	current, err := lockForChange(ctx, tx, p.resources.declared, p.tenant, p.table, p.item.Name)
	if err != nil {
		return stored, false, err
	}
	if err := p.lockTargets(ctx, tx); err != nil {
		return stored, false, err
	}
	if err := current.check(p.cond, p.item.Ref); err != nil {
		return stored, false, err
	}
	before, err := p.readBefore(ctx, tx, current)
	if err != nil {
		return stored, false, err
	}
	sameSecrets, err := p.resources.vault.HasAll(ctx, tx, p.tenant, p.secrets)
	if err != nil {
		return stored, false, err
	}
	mayKeep := before != nil && sameSecrets && !current.Unfit
	if mayKeep && before.Digest == p.item.Digest {
		return *before, false, nil
	}
	if err := p.moveSecrets(ctx, tx, current); err != nil {
		return stored, false, err
	}
	created = !current.exists()
	args, err := p.sourceArgs(ctx, tx, current)
	if err != nil {
		return stored, false, err
	}
	if err := p.write(ctx, tx, current.ID == "", args); err != nil {
		return stored, false, err
	}
	secrets, err := p.storeSecrets(ctx, tx)
	if err != nil {
		return stored, false, err
	}
	stored, err = p.resources.get(ctx, tx, p.tenant, p.table, p.item.Name)
	if err != nil {
		return stored, false, err
	}
	if err := p.checkRings(ctx, tx, stored.ID); err != nil {
		return federation.Resource{}, false, err
	}
	var replaced *federation.Item
	if before != nil {
		if mayKeep && before.Digest == stored.Digest {
			return *before, false, errUnchanged
		}
		replaced = &before.Item
	}
	return stored, created, audit.Record(ctx, tx,
		federation.WriteEvent(replaced, stored.Item, secrets))
}

// lockTargets locks the items that the item refers to, so that they can't be deleted until the
// transaction ends. It skips names that don't exist, which write reports.
func (p *putRun) lockTargets(ctx context.Context, tx bun.Tx) error {
	names := map[string][]string{}
	for _, target := range p.targets {
		names[target.Ref.Kind] = append(names[target.Ref.Kind], target.Ref.Name)
	}
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		t := p.resources.declared.ByKind[kind]
		query := "SELECT FROM " + t.SQL + " AS t WHERE t." + t.Tenant() + " = ? AND " +
			itemsql.NameExpr(t, "t") + " IN (?)" + itemsql.Living(t, "t") +
			" ORDER BY t.id FOR KEY SHARE"
		if _, err := tx.NewRaw(query, p.tenant, bun.List(names[kind])).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readBefore returns the stored resource, nil if there is none.
func (p *putRun) readBefore(
	ctx context.Context, tx bun.Tx, current lockedRow,
) (*federation.Resource, error) {
	if !current.exists() {
		return nil, nil
	}
	found, err := p.resources.get(ctx, tx, p.tenant, p.table, p.item.Name)
	return &found, err
}

// moveSecrets stores the secrets that the row has in clear in the vault: the item that replaces
// the row may refer to them.
func (p *putRun) moveSecrets(ctx context.Context, tx bun.Tx, current lockedRow) error {
	if !current.exists() {
		return nil
	}
	m := secretMover{p.resources.declared, p.resources.vault, p.tenant}
	return m.storeSecretsOf(ctx, tx, p.table, current.ID)
}

// write inserts or updates the item's row, with its rows in join tables. It returns
// [tenancy.CodeDanglingReference] if the item refers to an item that doesn't exist.
func (p *putRun) write(ctx context.Context, tx bun.Tx, insert bool, args []any) error {
	w := itemsql.NewWriter(p.resources.declared, p.table, p.tenant, p.source())
	details, err := findDangling(ctx, tx, w, func(d danglingRef) string { return d.Path }, args...)
	if err != nil {
		return err
	}
	if err := federation.DanglingError(details); err != nil {
		return err
	}
	if err := execAll(ctx, tx, w.InsertLookups(), args...); err != nil {
		return err
	}
	statement := w.Update()
	if insert {
		statement = w.Insert()
	}
	result, err := tx.NewRaw(statement, args...).Exec(ctx)
	if err != nil {
		return err
	}
	// another write came between the lock and this statement
	if n, _ := result.RowsAffected(); n != 1 {
		return pool.ErrConcurrentWrite
	}
	return execAll(ctx, tx, w.ReplaceJoins(), args...)
}

// execAll executes statements with the same arguments.
func execAll(ctx context.Context, db bun.IDB, statements []string, args ...any) error {
	for _, statement := range statements {
		if _, err := db.NewRaw(statement, args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// storeSecrets stores the extracted secrets in the vault. It returns their sorted names.
func (p *putRun) storeSecrets(ctx context.Context, tx bun.Tx) ([]string, error) {
	names := slices.Sorted(maps.Keys(p.secrets))
	for _, name := range names {
		err := p.resources.vault.SetTx(ctx, tx, p.tenant, name, []byte(p.secrets[name]))
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}
