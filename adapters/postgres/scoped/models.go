package scoped

import (
	"bytes"
	"database/sql"
	"fmt"
	"reflect"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantArg is the named argument that bun's formatter replaces with the tenant's id, as an
// SQL constant.
const tenantArg = "bailiwick_tenant"

// The table of a relation is read as a sub-query with the tenant's rows: its name between
// these two texts, then the condition on the tenant's column.
var (
	tenantRowsPrefix = "(SELECT * FROM "
	tenantRowsMiddle = " WHERE (" + markConfined
)

// unwrapped returns the table's name within the sub-query.
func unwrapped(rows string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(rows, tenantRowsPrefix), tenantRowsMiddle)
	return name
}

// scopedDialect is bun's dialect for PostgreSQL with separate tables, which apply the tenant:
// bun creates the statements of relations itself and renders rows within any statement,
// where the condition of a handle isn't added.
type scopedDialect struct {
	*pgdialect.Dialect
	tables   *schema.Tables
	declared declarations
}

// scopedDB returns a bun.DB with the handles' dialect and the connections of app. It
// registers the models in the order of their declaration: the model of a join table comes
// before the models that refer to it.
func scopedDB(
	app *sql.DB, models []any, declared declarations, options []bun.DBOption,
) *bun.DB {
	d := &scopedDialect{Dialect: pgdialect.New(), declared: declared}
	d.tables = schema.NewTables(d)
	db := bun.NewDB(app, d, options...)
	for _, model := range models {
		db.RegisterModel(model)
	}
	return db
}

func (d *scopedDialect) Tables() *schema.Tables { return d.tables }

// OnTable prepares a model's table before it is used.
func (d *scopedDialect) OnTable(table *schema.Table) {
	d.Dialect.OnTable(table)
	table.SQLNameForSelects = d.rows(table.SQLNameForSelects)
	for _, r := range table.Relations {
		if r.M2MTable != nil {
			r.M2MTable = &schema.Table{
				SQLName: d.rows(r.M2MTable.SQLName), SQLAlias: r.M2MTable.SQLAlias,
			}
		}
	}
	if field := d.declared.tenantField(table); field != nil {
		skipUpdate(field)
		field.Append = appendTenant(field)
	}
}

// rows returns what relations read instead of a table: a sub-query with the tenant's rows, or a
// shared table as it is. It doesn't wrap a name twice.
func (d *scopedDialect) rows(rows schema.Safe) schema.Safe {
	name := unwrapped(string(rows))
	table := d.declared.named(name)
	if table.shared {
		return rows
	}
	return schema.Safe(tenantRowsPrefix + name + tenantRowsMiddle + table.sql + " = ?" + tenantArg +
		"))")
}

// tenantField returns the model's field for the tenant's id; nil if it has none.
func (d declarations) tenantField(table *schema.Table) *schema.Field {
	return table.FieldMap[d.named(string(table.SQLName)).tenant]
}

// skipUpdate excludes the tenant's id from the columns that an UPDATE sets from a model.
func skipUpdate(field *schema.Field) {
	const option = "skipupdate"
	if field.SkipUpdate() {
		return
	}
	if field.Tag.Options == nil {
		field.Tag.Options = map[string][]string{}
	}
	field.Tag.Options[option] = []string{""}
}

// appendTenant returns the function that writes the tenant's id of a row. It writes the
// handle's tenant instead of zero, and a refusal instead of another tenant.
func appendTenant(field *schema.Field) schema.AppenderFunc {
	write, isZero := field.Append, field.IsZero
	return func(gen schema.QueryGen, b []byte, v reflect.Value) []byte {
		own := gen.AppendQuery(nil, "?"+tenantArg)
		if isZero(v) {
			return append(b, own...)
		}
		start := len(b)
		b = write(gen, b, v)
		if !bytes.EqualFold(b[start:], own) {
			return append(b[:start], refusals[refusedTenant].mark...)
		}
		return b
	}
}

// checkInsert refuses an INSERT whose rows belong to another tenant or may do so. The
// tenant's id of a model was checked when it was written (appendTenant).
func (s *Handle) checkInsert(q *bun.InsertQuery) error {
	fields, ok := queryOf(reflect.ValueOf(q))
	if !ok {
		return errLayout
	}
	items, ok := fields.fromItems(s.db.QueryGen())
	if !ok {
		return refusals[refusedTable].err
	}
	target := s.factory.target(items)
	switch {
	case target.shared:
		return refusals[refusedShared].err
	case fields.hasTenantValue(target):
		return refusals[refusedSet].err
	}
	if err := s.checkMap(q.GetModel(), target); err != nil {
		return err
	}
	for _, item := range items[min(1, len(items)):] { // after the target
		if item.name != "" && !fields.hasCTE(item.name) &&
			!s.factory.declared.named(item.name).shared {
			return errInsertSelect
		}
	}
	return nil
}

var errInsertSelect = tenancy.Errorf(tenancy.CodeInternal,
	"an INSERT … SELECT would read a table without the tenant's condition: give it"+
		" TableExpr(\"(?) AS q\", query) of a scoped query, or a CTE")

// target returns the facts about the table that a query changes, the first of items.
func (f *Factory) target(items []fromItem) *facts {
	if len(items) == 0 {
		return undeclared
	}
	return f.declared.named(items[0].name)
}

// checkUpdate refuses a model of another tenant, even when the statement doesn't contain the
// model's tenant id.
func (s *Handle) checkUpdate(q *bun.UpdateQuery) error {
	model, ok := q.GetModel().(bun.TableModel)
	if !ok {
		fields, ok := queryOf(reflect.ValueOf(q))
		if !ok {
			return errLayout
		}
		items, _ := fields.fromItems(s.db.QueryGen()) // the filter has refused unknown ones
		return s.checkMap(q.GetModel(), s.factory.target(items))
	}
	field := s.factory.declared.tenantField(model.Table())
	if field == nil {
		return nil
	}
	for row := range modelRows(model.Value()) {
		if field.HasZeroValue(row) {
			continue
		}
		if b := field.AppendValue(s.db.QueryGen(), nil, row); bytes.Contains(b, []byte(mark)) {
			return refusals[refusedTenant].err
		}
	}
	return nil
}

// modelRows yields the structs that a model points to: one struct, or the elements of a
// slice.
func modelRows(model any) func(yield func(reflect.Value) bool) {
	return func(yield func(reflect.Value) bool) {
		v := reflect.Indirect(reflect.ValueOf(model))
		if v.Kind() == reflect.Struct {
			yield(v)
		}
		if v.Kind() != reflect.Slice {
			return
		}
		for i := range v.Len() {
			if row := reflect.Indirect(v.Index(i)); row.Kind() == reflect.Struct && !yield(row) {
				return
			}
		}
	}
}

// checkMap refuses a map that names another tenant than the handle's for a row of the target.
func (s *Handle) checkMap(model bun.Model, target *facts) error {
	if model == nil {
		return nil
	}
	row, ok := model.Value().(*map[string]any)
	if !ok {
		return nil
	}
	for column, value := range *row {
		if isTenantColumn(column, target) && !strings.EqualFold(fmt.Sprint(value), s.tenant.String()) {
			return refusals[refusedTenant].err
		}
	}
	return nil
}
