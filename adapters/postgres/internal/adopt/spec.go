package adopt

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// Spec describes the schema that an adoption creates.
type Spec struct {
	Tenant  string // the id of the tenant that gets all existing rows
	Tables  []Table
	Indexes []Index
	Views   []View
	Custom  []Custom
	Users   *Users
	Keys    *Keys

	Condition string // of the row-security policy, in SQL

	// Problems finds what else is in the way. A problem of a column to which a step of Custom
	// belongs doesn't count.
	Problems func(context.Context, bun.IDB) ([]Problem, error)

	// Library is what the library itself creates. Its step locks no table of the host and
	// waits for nothing.
	Library Library
}

// Problem is a sentence about a column.
type Problem struct{ Column, Sentence string }

// Library describes the objects that belong to the library.
type Library struct {
	Summary string // the statements, for a plan
	Roles   []string
	Owner   string // the role that owns the tables after the adoption
	Search  string // the role that runs searches, and the schema of the same name
}

// Table is a table whose rows belong to tenants after the adoption.
type Table struct {
	Schema, Name string
	Versioned    bool // a trigger counts the versions of its rows
	Audit        []AuditTrigger
	Singleton    bool // each tenant has one row
	// the columns of its new primary key after tenant_id; nil: those of the old one
	Primary  []string
	Replaced []string // triggers that the library's version trigger replaces

	Columns []RequiredColumn // of the new version
	Unique  []string         // columns of which each needs a unique key
	Written bool             // the new version inserts rows, with values for Columns only
}

// AuditTrigger is a trigger that records the writes of a table in the audit log.
type AuditTrigger struct{ Name, Create string }

// RequiredColumn is a column that the new version reads.
type RequiredColumn struct {
	Name    string
	Types   []string // in the form of format_type; nil: any
	NotNull bool
	Unset   bool // an inserted row gets its default
}

func (t Table) sql() string { return sqltext.Qualified(t.Schema, t.Name) }

// Index is a new index, or the new definition of an existing one. An index of that name with
// another definition is replaced in the contraction.
type Index struct {
	Schema, Table, Name string
	Definition          string // the part of pg_get_indexdef from USING on
}

func (i Index) sql() string { return sqltext.Qualified(i.Schema, i.Name) }

// View is a view whose definition changes. It may gain columns and lose none.
type View struct {
	Schema, Name string
	Definition   string // a SELECT
}

func (v View) sql() string { return sqltext.Qualified(v.Schema, v.Name) }

// Custom is a step that the host defines.
type Custom struct {
	Name       string
	Phase      adoption.Phase
	Done       string // an SQL condition: the step has nothing left to do
	Undone     string // an SQL condition: the step has no effect left in the database
	Up, Down   string // statements, run in one transaction
	Lock, Note string // the Lock and On of its planned statements
}

// Users describes the old version's table of users.
type Users struct {
	Schema, Table                    string
	ID, Email, Name, Password, Admin string // columns
}

func (u Users) sql() string { return sqltext.Qualified(u.Schema, u.Table) }

// Keys describes the old version's table of API keys.
type Keys struct {
	Schema, Table string
	// columns; the last two may be empty
	ID, User, Name, Hash, CreatedAt, LastUsedAt, RevokedAt string
}

func (k Keys) sql() string { return sqltext.Qualified(k.Schema, k.Table) }
