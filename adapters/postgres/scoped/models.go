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

// tenantColumn is the column that says whose a row is.
const tenantColumn = declared.TenantColumn

const (
	tenantArg = "bailiwick_tenant" // the generator's name for the tenant, as a constant
)

// What a relation's table is read as.
const (
	ownBefore = "(SELECT * FROM "
	ownBehind = " WHERE " + tenantColumn + " = ?" + tenantArg + ")"
)

// unwrapped is the table within what a relation's table is read as.
func unwrapped(read string) string {
	return strings.TrimSuffix(strings.TrimPrefix(read, ownBefore), ownBehind)
}

// scopedDialect is PostgreSQL's with tables of its own, which know of tenants: bun
// makes the statements of relations itself, and renders rows within any
// statement, where no condition of the handle's would reach.
type scopedDialect struct {
	*pgdialect.Dialect
	tables *schema.Tables
}

// scopedDB is a bun.DB upon the same pool, whose dialect is the handles'. Its
// models are registered as they are declared: a join table's before those that
// name it.
func scopedDB(app *sql.DB, models []any) *bun.DB {
	d := &scopedDialect{Dialect: pgdialect.New()}
	d.tables = schema.NewTables(d)
	db := bun.NewDB(app, d)
	for _, model := range models {
		db.RegisterModel(model)
	}
	return db
}

func (d *scopedDialect) Tables() *schema.Tables { return d.tables }

// OnTable prepares a model's table before it is used.
func (d *scopedDialect) OnTable(table *schema.Table) {
	d.Dialect.OnTable(table)
	table.SQLNameForSelects = ownRows(table.SQLNameForSelects)
	for _, r := range table.Relations {
		if r.M2MTable != nil {
			r.M2MTable = &schema.Table{SQLName: ownRows(r.M2MTable.SQLName),
				SQLAlias: r.M2MTable.SQLAlias}
		}
	}
	if field := table.FieldMap[tenantColumn]; field != nil {
		skipUpdate(field)
		field.Append = ownTenant(field)
	}
}

func ownRows(name schema.Safe) schema.Safe {
	return ownBefore + schema.Safe(unwrapped(string(name))) + ownBehind
}

// skipUpdate leaves tenant_id out of what an UPDATE sets from a model.
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

// ownTenant writes the tenant_id of a row: the handle's in place of the zero one,
// and a refusal in place of another's.
func ownTenant(field *schema.Field) schema.AppenderFunc {
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

// checkInsert refuses an INSERT whose rows would be another tenant's, or might
// be. What a model has in tenant_id was looked at as it was written.
func (s *Handle) checkInsert(q *bun.InsertQuery) error {
	if err := s.checkMap(q.GetModel()); err != nil {
		return err
	}
	peek, ok := queryOf(reflect.ValueOf(q))
	if !ok {
		return errLayout
	}
	if peek.givesTenant() {
		return refusals[refusedSet].err
	}
	sources, ok := peek.sources(s.db.QueryGen())
	if !ok {
		return refusals[refusedTable].err
	}
	for _, from := range sources[min(1, len(sources)):] {
		if from.name != "" && !peek.hasCTE(from.name) {
			return errInsertSelect
		}
	}
	return nil
}

var errInsertSelect = tenancy.Errorf(tenancy.CodeInternal,
	"an INSERT … SELECT would read a table without the tenant's condition: give it"+
		" TableExpr(\"(?) AS q\", query) of a scoped query, or a CTE")

// checkUpdate refuses a model of another tenant, also where the statement doesn't
// mention its tenant_id.
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

// modelRows are the structs that a model points to.
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
