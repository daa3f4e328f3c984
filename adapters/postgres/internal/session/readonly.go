package session

import (
	"database/sql/driver"
	"errors"
	"strings"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errReadOnly = tenancy.Errorf(tenancy.CodeInternal,
	"work across tenants only reads: write in the context of each tenant, with EachTenant")

var errLibraryTable = tenancy.Errorf(tenancy.CodeInternal,
	"work across tenants reads the host's tables and bailiwick.tenants: no other object of the"+
		" library, and no set_config")

const (
	stateReadOnly = "25006" // read_only_sql_transaction

	// setReadOnly is for the transaction of one message. A statement can't undo it, because
	// PostgreSQL refuses that after the first query, and checkReads before.
	setReadOnly = "SET TRANSACTION READ ONLY;"
)

// checkReads refuses a message that isn't made of reads and savepoints. The database refuses
// what writes within a read: a CTE, a function.
//
// The role of such a read may read the keys that sign tenants and the hashes of passwords. So the
// message names none of the library's objects but the table of tenants, and changes no
// search_path in which they would need no name.
func checkReads(query string) error {
	r := reader{rest: query}
	for r.next() {
		r.skipParens()
		if r.word.is("explain") {
			r.skipExplain()
		}
		if r.word.isMark(";") || r.word.text == "" {
			continue
		}
		if !r.word.is("select", "with", "values", "table", "show", "declare", "fetch", "move",
			"close", "savepoint", "release", "rollback") {
			return errReadOnly
		}
		for words := r.remaining(); len(words) > 0; words = words[1:] {
			if reachesLibrary(words) {
				return errLibraryTable
			}
		}
	}
	return nil
}

// reachesLibrary reports whether the first of these words is the name of a schema of the library,
// other than that of bailiwick.tenants, or may hide one.
func reachesLibrary(words []word) bool {
	switch name := words[0].name(); {
	case words[0].kind == sqllex.Unicode, name == "set_config":
		return true
	case name == "bailiwick":
		return len(words) < 3 || !words[1].isMark(".") || words[2].name() != "tenants"
	default:
		return strings.HasPrefix(name, "bailiwick_")
	}
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
