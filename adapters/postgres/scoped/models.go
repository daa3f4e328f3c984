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

	declared "github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const tenantColumn = declared.TenantColumn

// tenantArg is the named argument that bun's formatter replaces with the tenant's id, as an
// SQL constant.
const tenantArg = "bailiwick_tenant"

// The table of a relation is read as a sub-query with the tenant's rows: its name between
// these two texts.
var (
	tenantRowsPrefix = "(SELECT * FROM "
	tenantRowsSuffix = " WHERE (" + markConfined + tenantColumn + " = ?" + tenantArg + "))"
)

// tenantRows wraps a table's name in the sub-query. It doesn't wrap a name twice.
func tenantRows(name schema.Safe) schema.Safe {
	return schema.Safe(tenantRowsPrefix + unwrapped(string(name)) + tenantRowsSuffix)
}

// unwrapped returns the table's name within the sub-query.
func unwrapped(rows string) string {
	return strings.TrimSuffix(strings.TrimPrefix(rows, tenantRowsPrefix), tenantRowsSuffix)
}

// scopedDialect is bun's dialect for PostgreSQL with separate tables, which apply the tenant:
// bun creates the statements of relations itself and renders rows within any statement,
// where the condition of a handle isn't added.
type scopedDialect struct {
	*pgdialect.Dialect
	tables *schema.Tables
}

// scopedDB returns a bun.DB with the handles' dialect and the connections of app. It
// registers the models in the order of their declaration: the model of a join table comes
// before the models that refer to it.
func scopedDB(app *sql.DB, models []any, options []bun.DBOption) *bun.DB {
	d := &scopedDialect{Dialect: pgdialect.New()}
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
	table.SQLNameForSelects = tenantRows(table.SQLNameForSelects)
	for _, r := range table.Relations {
		if r.M2MTable != nil {
			r.M2MTable = &schema.Table{
				SQLName: tenantRows(r.M2MTable.SQLName), SQLAlias: r.M2MTable.SQLAlias,
			}
		}
	}
	if field := table.FieldMap[tenantColumn]; field != nil {
		skipUpdate(field)
		field.Append = appendTenant(field)
	}
}

// skipUpdate excludes tenant_id from the columns that an UPDATE sets from a model.
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

// appendTenant returns the function that writes the tenant_id of a row. It writes the
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
// tenant_id of a model was checked when it was written (appendTenant).
func (s *Handle) checkInsert(q *bun.InsertQuery) error {
	if err := s.checkMap(q.GetModel()); err != nil {
		return err
	}
	fields, ok := queryOf(reflect.ValueOf(q))
	if !ok {
		return errLayout
	}
	if fields.hasTenantValue() {
		return refusals[refusedSet].err
	}
	items, ok := fields.fromItems(s.db.QueryGen())
	if !ok {
		return refusals[refusedTable].err
	}
	for _, item := range items[min(1, len(items)):] { // after the target
		if item.name != "" && !fields.hasCTE(item.name) {
			return errInsertSelect
		}
	}
	return nil
}

var errInsertSelect = tenancy.Errorf(tenancy.CodeInternal,
	"an INSERT … SELECT would read a table without the tenant's condition: give it"+
		" TableExpr(\"(?) AS q\", query) of a scoped query, or a CTE")

// checkUpdate refuses a model of another tenant, even when the statement doesn't contain the
// model's tenant_id.
func (s *Handle) checkUpdate(q *bun.UpdateQuery) error {
	model, ok := q.GetModel().(bun.TableModel)
	if !ok {
		return s.checkMap(q.GetModel())
	}
	field := model.Table().FieldMap[tenantColumn]
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

// checkMap refuses a map that names another tenant.
func (s *Handle) checkMap(model bun.Model) error {
	if model == nil {
		return nil
	}
	row, ok := model.Value().(*map[string]any)
	if !ok {
		return nil
	}
	for column, value := range *row {
		if isTenantColumn(column) && !strings.EqualFold(fmt.Sprint(value), s.tenant.String()) {
			return refusals[refusedTenant].err
		}
	}
	return nil
}
