package items

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// SecretTable is a table whose rows may refer to secrets of the vault.
type SecretTable struct {
	*declare.Table
	columns  []string // of secrets
	tenanted bool     // it has the column with the tenant's id
}

// NewSecretTable returns the table as it is in a database in which it has these columns. ok is
// false if no row can refer to a secret.
func NewSecretTable(t *declare.Table, columns []string) (s SecretTable, ok bool) {
	s = SecretTable{Table: t, tenanted: slices.Contains(columns, t.TenantColumn)}
	for _, c := range t.Secrets {
		if slices.Contains(columns, c) {
			s.columns = append(s.columns, c)
		}
	}
	return s, slices.Contains(columns, "spec") && (len(s.columns) > 0 || len(t.MarkedSecrets) > 0)
}

// from returns the FROM and WHERE of a query for the default tenant's rows with references.
func (t SecretTable) from() string {
	var conditions []string
	for _, c := range t.columns {
		conditions = append(conditions,
			"starts_with(t."+sqltext.Quote(c)+", '"+itemsql.SecretMark+"')")
	}
	if len(t.MarkedSecrets) > 0 {
		conditions = append(conditions, `strpos(t.spec::text, '"$secret"') > 0`)
	}
	return " FROM " + t.SQL + " AS t WHERE " + t.ofTenant() + " AND (" +
		strings.Join(conditions, " OR ") + ")"
}

// ofTenant is the condition for the default tenant's rows. An adoption that is being reverted
// has dropped the column of some tables.
func (t SecretTable) ofTenant() string {
	if !t.tenanted {
		return "true"
	}
	return "t." + t.Tenant() + " = '" + tenancy.DefaultID.String() + "'"
}

// page reads the next rows with references after an id.
func (t SecretTable) page(
	ctx context.Context, tx bun.IDB, after string, lock string,
) (rows []clearRow, err error) {
	var pairs []string
	for _, c := range t.columns {
		pairs = append(pairs, sqltext.Literal(c)+", t."+sqltext.Quote(c))
	}
	err = tx.NewRaw("SELECT t.id, "+itemsql.NameExpr(t.Table, "t")+" AS name, t.spec,"+
		" jsonb_build_object("+strings.Join(pairs, ", ")+") AS columns"+t.from()+
		" AND (?0 = '' OR t.id > nullif(?0, '')::"+t.IDType+") ORDER BY t.id LIMIT ?1"+lock,
		after, pageSize).Scan(ctx, &rows)
	return rows, err
}

// rowRefs are the references of one row to secrets.
type rowRefs struct {
	row    clearRow
	ref    federation.Ref
	column map[string]string      // the names by column
	marked []federation.SecretUse // in the column spec
}

// refsOf returns the references of a row. The error is that of a spec in which they can't be
// found.
func (r *SecretReturn) refsOf(t SecretTable, row clearRow) (rowRefs, error) {
	refs, err := columnRefs(federation.Ref{Kind: t.Kind, Name: row.Name}, row.Columns)
	refs.row = row
	if err != nil {
		return refs, err
	}
	if len(t.MarkedSecrets) == 0 {
		return refs, nil
	}
	item := federation.Item{Ref: refs.ref, Spec: row.Spec}.SealUnchecked()
	refs.marked, err = r.declared.Kinds.SecretUses(item)
	return refs, err
}

// columnRefs returns the references of the row of an item in the columns of secrets, which are
// given as a JSON object.
func columnRefs(ref federation.Ref, columns []byte) (rowRefs, error) {
	refs := rowRefs{ref: ref, column: map[string]string{}}
	var values map[string]*string
	if err := json.Unmarshal(columns, &values); err != nil {
		return refs, err
	}
	for column, value := range values {
		if value == nil {
			continue
		}
		if name, ok := strings.CutPrefix(*value, itemsql.SecretMark); ok {
			refs.column[column] = name
		}
	}
	return refs, nil
}

// uses returns all references, with the paths that the item shows.
func (r rowRefs) uses() []federation.SecretUse {
	var uses []federation.SecretUse
	for _, column := range slices.Sorted(maps.Keys(r.column)) {
		uses = append(uses, federation.SecretUse{Kind: r.ref.Kind, Name: r.ref.Name,
			Path: "/spec/" + column, Secret: r.column[column]})
	}
	return append(uses, r.marked...)
}

func secretNames(all []rowRefs) []string {
	names := map[string]bool{}
	for _, r := range all {
		for _, use := range r.uses() {
			names[use.Secret] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// eachPage calls fn with the rows of each page, in a transaction that may be run again, and
// committed after each transaction.
func (r *SecretReturn) eachPage(
	ctx context.Context, t SecretTable, lock string,
	fn func(context.Context, bun.Tx, []clearRow) error, committed func() error,
) error {
	for after, more := "", true; more; {
		var rows []clearRow
		err := r.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
			if rows, err = t.page(ctx, tx, after, lock); err != nil {
				return err
			}
			return fn(ctx, tx, rows)
		})
		if err != nil {
			return err
		}
		if err := committed(); err != nil {
			return err
		}
		if more = len(rows) == pageSize; more {
			after = rows[len(rows)-1].ID
		}
	}
	return nil
}

// Count returns how many rows of the table refer to secrets.
func (r *SecretReturn) Count(ctx context.Context, t SecretTable) (count int64, err error) {
	ctx, err = pool.BindTenant(ctx, tenancy.DefaultID)
	if err != nil {
		return 0, err
	}
	err = r.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return tx.NewRaw("SELECT count(*)"+t.from()).Scan(ctx, &count)
	})
	return count, err
}
