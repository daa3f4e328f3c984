package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// resources is [ports.Resources], upon the scoped pool.
type resources struct{ db *DB }

var _ ports.Resources = (*resources)(nil)

func (s *resources) table(kind string) (*table, error) {
	t, ok := s.db.declared.byKind[kind]
	if !ok {
		return nil, tenancy.Errorf(tenancy.CodeNotFound, "no such kind")
	}
	return t, nil
}

func (s *resources) Get(ctx context.Context, tenant tenancy.ID, ref federation.Ref) (federation.Resource, error) {
	ctx, err := enter(ctx, tenant)
	if err != nil {
		return federation.Resource{}, err
	}
	t, err := s.table(ref.Kind)
	if err != nil {
		return federation.Resource{}, err
	}
	return s.get(ctx, s.db.app, tenant, t, ref.Name)
}

func (s *resources) get(ctx context.Context, db bun.IDB, tenant tenancy.ID, t *table, name string) (federation.Resource, error) {
	query := s.db.declared.selectItems(t) + " WHERE t.tenant_id = ? AND " + t.named("t", "?")
	found, err := queryItems(ctx, db, t.kind, query, tenant, name)
	if err != nil {
		return federation.Resource{}, err
	}
	if len(found) == 0 {
		return federation.Resource{}, tenancy.ErrNotFound
	}
	return found[0], nil
}

func (s *resources) List(ctx context.Context, tenant tenancy.ID, q ports.ResourceQuery) ([]federation.Resource, error) {
	ctx, err := enter(ctx, tenant)
	if err != nil {
		return nil, err
	}
	t, err := s.table(q.Kind)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(q.Limit); err != nil {
		return nil, err
	}
	name := t.nameOf("t") + s.db.collate
	query := s.db.declared.selectItems(t) + " WHERE t.tenant_id = ? AND " + name + " > ?"
	args := []any{tenant, q.After}
	if q.Search != "" {
		pattern := "%" + likeEscaper.Replace(q.Search) + "%"
		conditions := []string{t.nameOf("t") + " ILIKE ?"}
		args = append(args, pattern)
		for _, column := range t.search {
			conditions = append(conditions, "t."+quote(column)+" ILIKE ?")
			args = append(args, pattern)
		}
		query += " AND (" + strings.Join(conditions, " OR ") + ")"
	}
	if len(q.Labels) > 0 {
		query += " AND t.labels @> ?::jsonb"
		args = append(args, labelsJSON(q.Labels))
	}
	query += " ORDER BY " + name + " LIMIT ?"
	return queryItems(ctx, s.db.app, t.kind, query, append(args, q.Limit)...)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func labelsJSON(labels map[string]string) string {
	if len(labels) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(labels) // a map of strings always marshals
	return string(text)
}

// queryItems runs a query made of selectItems.
func queryItems(ctx context.Context, db bun.IDB, kind, query string, args ...any) ([]federation.Resource, error) {
	var found []federation.Resource
	err := eachItem(ctx, db, kind, func(r federation.Resource) error {
		found = append(found, r)
		return nil
	}, query, args...)
	return found, err
}

// eachItem streams the rows of a query made of selectItems.
func eachItem(ctx context.Context, db bun.IDB, kind string, yield func(federation.Resource) error, query string, args ...any) (err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return translate(err)
	}
	defer func() { err = firstError(err, translate(rows.Close())) }()
	for rows.Next() {
		resource, err := scanItem(rows, kind)
		if err != nil {
			return err
		}
		if err := yield(resource); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func scanItem(rows *sql.Rows, kind string) (federation.Resource, error) {
	r := federation.Resource{Item: federation.Item{Ref: federation.Ref{Kind: kind}}}
	var labels, spec []byte
	var updated, created time.Time
	if err := rows.Scan(&r.ID, &r.Name, &labels, &spec, &r.Version, &updated, &created); err != nil {
		return r, translate(err)
	}
	if err := json.Unmarshal(labels, &r.Labels); err != nil {
		return r, fmt.Errorf("postgres: the labels of %s %q: %w", kind, r.Name, err)
	}
	r.Spec, r.UpdatedAt, r.CreatedAt = spec, updated.UTC(), created.UTC()
	sealed, err := r.Item.Seal()
	if err != nil {
		return r, fmt.Errorf("postgres: the stored %s %q: %w", kind, r.Name, err)
	}
	r.Item = sealed
	return r, nil
}

func (s *resources) Put(ctx context.Context, tenant tenancy.ID, item federation.Item, cond ports.Condition) (stored federation.Resource, created bool, err error) {
	ctx, err = enter(ctx, tenant)
	if err != nil {
		return stored, false, err
	}
	t, err := s.table(item.Kind)
	if err != nil {
		return stored, false, err
	}
	item, err = s.db.declared.kinds.Check(item)
	if err != nil {
		return stored, false, err
	}
	item, values, err := t.lockUp(item)
	if err != nil {
		return stored, false, err
	}
	put := &put{resources: s, tenant: tenant, t: t, item: item, secrets: values, cond: cond}
	err = s.db.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		stored, created, err = put.run(ctx, tx)
		return err
	})
	return stored, created, err
}

// lockUp takes the literal values of secrets out of the item. It answers the
// item with references in their place, and the values by secret name.
func (t *table) lockUp(item federation.Item) (federation.Item, map[string]string, error) {
	if len(t.secrets) == 0 {
		return item, nil, nil
	}
	var spec map[string]json.RawMessage
	if err := json.Unmarshal(item.Spec, &spec); err != nil {
		return item, nil, err
	}
	values := map[string]string{}
	for _, field := range t.secrets {
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
	t         *table
	item      federation.Item
	secrets   map[string]string
	cond      ports.Condition
}

const putSource = "SELECT ?0::uuid AS id, ?1::text AS name, ?2::jsonb AS labels, ?3::jsonb AS spec, NULL::bigint AS version, NULL::timestamptz AS updated_at, ?4::uuid AS target"

func (p *put) run(ctx context.Context, tx bun.Tx) (stored federation.Resource, created bool, err error) {
	current, err := lockRow(ctx, tx, p.tenant, p.t, p.item.Name, "NO KEY UPDATE")
	if err != nil {
		return stored, false, err
	}
	if err := p.holdTargets(ctx, tx); err != nil {
		return stored, false, err
	}
	if err := current.meets(p.cond); err != nil {
		return stored, false, err
	}
	w := p.resources.db.declared.writer(p.t, p.tenant, source{query: putSource})
	args := []any{newID(), p.item.Name, labelsJSON(p.item.Labels), string(p.item.Spec), current.target()}
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
	for _, name := range slices.Sorted(maps.Keys(p.secrets)) {
		if err := p.resources.db.vault.set(ctx, tx, p.tenant, name, []byte(p.secrets[name])); err != nil {
			return stored, false, err
		}
	}
	stored, err = p.resources.get(ctx, tx, p.tenant, p.t, p.item.Name)
	return stored, created, err
}

// holdTargets keeps what the item refers to from being deleted until the
// transaction ends. A name that nothing has is found afterwards.
func (p *put) holdTargets(ctx context.Context, tx bun.Tx) error {
	declared := p.resources.db.declared
	targets, err := declared.kinds.Targets(p.item)
	if err != nil {
		return err
	}
	names := map[string][]string{}
	for _, target := range targets {
		names[target.Ref.Kind] = append(names[target.Ref.Kind], target.Ref.Name)
	}
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		t := declared.byKind[kind]
		query := "SELECT FROM " + t.sql + " AS t WHERE t.tenant_id = ? AND " + t.nameOf("t") + " IN (?) ORDER BY t.id FOR KEY SHARE"
		if _, err := tx.NewRaw(query, p.tenant, bun.List(names[kind])).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *put) write(ctx context.Context, tx bun.Tx, w writer, create bool, args []any) error {
	for _, statement := range w.lookups() {
		if _, err := tx.NewRaw(statement, args...).Exec(ctx); err != nil {
			return err
		}
	}
	row := w.update()
	if create {
		row = w.insert()
	}
	result, err := tx.NewRaw(row, args...).Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := result.RowsAffected(); n != 1 {
		return errOvertaken
	}
	for _, statement := range w.joins() {
		if _, err := tx.NewRaw(statement, args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// errOvertaken says that another write came between a transaction's look at a
// row and its own write.
var errOvertaken = tenancy.Errorf(tenancy.CodeUnavailable, "somebody else wrote the same item; try again")

// lockedRow is what a write finds under its name.
type lockedRow struct {
	ID      string
	Version int64
}

// target is the row's id for SQL, NULL if there is none.
func (r lockedRow) target() any {
	if r.there() {
		return r.ID
	}
	return nil
}

func (r lockedRow) there() bool { return r.ID != "" }

func (r lockedRow) meets(cond ports.Condition) error {
	switch {
	case cond.Absent && r.there():
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "it exists already")
	case cond.Exists && !r.there(), cond.Version != 0 && cond.Version != r.Version:
		return errVersion
	}
	return nil
}

// lockRow locks the row of a name. The strength is NO KEY UPDATE for a change,
// which lets others refer to the row meanwhile, and UPDATE for its removal.
func lockRow(ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *table, name, strength string) (lockedRow, error) {
	var rows []lockedRow
	query := "SELECT t.id, t.version FROM " + t.sql + " AS t WHERE t.tenant_id = ? AND " + t.named("t", "?") + " FOR " + strength
	err := tx.NewRaw(query, tenant, name).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return lockedRow{}, err
	}
	return rows[0], nil
}

// missing is a name that nothing has.
type missing struct{ Name, Path, Kind, Missing string }

func dangling(ctx context.Context, tx bun.IDB, w writer, path func(missing) string, args ...any) ([]tenancy.Detail, error) {
	query := w.dangling()
	if query == "" {
		return nil, nil
	}
	var found []missing
	if err := tx.NewRaw(query, args...).Scan(ctx, &found); err != nil {
		return nil, err
	}
	details := make([]tenancy.Detail, len(found))
	for i, m := range found {
		details[i] = tenancy.Detail{Path: path(m), Code: tenancy.CodeDanglingReference, Detail: fmt.Sprintf("the tenant has no %s named %q", m.Kind, m.Missing)}
	}
	return details, nil
}

const maxDetails = 100

func danglingError(details []tenancy.Detail) error {
	slices.SortFunc(details, func(a, b tenancy.Detail) int { return strings.Compare(a.Path, b.Path) })
	err := tenancy.Errorf(tenancy.CodeDanglingReference, "it refers to something that the tenant doesn't have")
	err.Details = details[:min(len(details), maxDetails)]
	return err
}

func (s *resources) Delete(ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition) error {
	ctx, err := enter(ctx, tenant)
	if err != nil {
		return err
	}
	t, err := s.table(ref.Kind)
	if err != nil {
		return err
	}
	if t.singleton != "" {
		return tenancy.Errorf(tenancy.CodeNotDeletable, "a tenant always has its %s: put another one in its place", ref.Kind)
	}
	return s.db.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := lockRow(ctx, tx, tenant, t, ref.Name, "UPDATE")
		if err != nil {
			return err
		}
		if !row.there() {
			return tenancy.ErrNotFound
		}
		if err := row.meets(cond); err != nil {
			return err
		}
		return s.remove(ctx, tx, tenant, t, row.ID)
	})
}

func (s *resources) remove(ctx context.Context, tx bun.Tx, tenant tenancy.ID, t *table, id string) error {
	if query := s.db.declared.referrers(t, tenant, "?0::uuid"); query != "" {
		var referrers []federation.Ref
		err := tx.NewRaw("SELECT DISTINCT kind, name FROM ("+query+") AS found LIMIT ?1", id, maxDetails).Scan(ctx, &referrers)
		if err != nil {
			return err
		}
		if len(referrers) > 0 {
			slices.SortFunc(referrers, federation.Ref.Compare)
			referenced := tenancy.Errorf(tenancy.CodeReferenced, "something still refers to it: change or delete the referrers first")
			referenced.Members = map[string]any{"referrers": referrers}
			return referenced
		}
	}
	for _, r := range t.references {
		if r.join == nil {
			continue
		}
		if _, err := tx.NewRaw("DELETE FROM "+r.join.sql+" WHERE tenant_id = ? AND "+quote(r.join.from)+" = ?", tenant, id).Exec(ctx); err != nil {
			return err
		}
	}
	_, err := tx.NewRaw("DELETE FROM "+t.sql+" WHERE tenant_id = ? AND id = ?", tenant, id).Exec(ctx)
	return err
}

const txTries = 5

// inTx runs fn in a transaction of the tenant in ctx. What a concurrent write
// undid (a name that was taken meanwhile, a row that was referred to or
// removed, a deadlock) is tried again: the second look finds the right answer.
func (db *DB) inTx(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	for try := 1; ; try++ {
		err := db.app.RunInTx(ctx, nil, fn)
		if err == nil || try == txTries || !passing(err) {
			return translate(err)
		}
	}
}

func passing(err error) bool {
	if err == error(errOvertaken) { // itself, not its code
		return true
	}
	switch sqlState(err) {
	case stateUnique, stateForeignKey, stateSerialization, stateDeadlock:
		return true
	}
	return false
}
