package session

import (
	"database/sql/driver"
	"errors"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errReadOnly = tenancy.Errorf(tenancy.CodeInternal,
	"work across tenants only reads: write in the context of each tenant, with EachTenant")

const (
	stateReadOnly = "25006" // read_only_sql_transaction

	// setReadOnly is for the transaction of one message. A statement can't undo it, because
	// PostgreSQL refuses that after the first query, and checkReads before.
	setReadOnly = "SET TRANSACTION READ ONLY;"
)

// checkReads refuses a message that isn't made of reads and savepoints. The database refuses
// what writes within a read: a CTE, a function.
func checkReads(query string) error {
	r := reader{rest: query}
	for r.next() {
		r.skipParens()
		if r.word.is("explain") {
			r.skipExplain()
		}
		if !r.word.isMark(";") && !r.word.is("select", "with", "values", "table", "show",
			"declare", "fetch", "move", "close", "savepoint", "release", "rollback") {
			return errReadOnly
		}
		if !r.word.isMark(";") {
			r.remaining()
		}
	}
	return nil
}

// explainReadOnly replaces the error of a write that the database refused.
func explainReadOnly(err error) error {
	failed, ok := errors.AsType[pgdriver.Error](err)
	if ok && failed.Field('C') == stateReadOnly {
		return errReadOnly.Because(err)
	}
	return err
}

// readOnlyRows explains an error that comes with the rows.
type readOnlyRows struct{ driver.Rows }

func (r readOnlyRows) Next(dest []driver.Value) error { return explainReadOnly(r.Rows.Next(dest)) }
