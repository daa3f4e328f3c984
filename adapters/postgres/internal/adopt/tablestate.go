package adopt

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// relation is a table as the catalog describes it. Its JSON is stored in bailiwick.former: the
// names of its members can't change, nor can those of its parts.
type relation struct {
	Schema      string
	Name        string
	Kind        string // pg_class.relkind: r, or p for a partitioned table
	Owner       string
	Parent      string // of a partition: its table, in the form of sql
	Inherits    bool   // it is part of an inheritance tree other than partitioning
	Enabled     bool
	Forced      bool
	Rows        int64 // an estimate
	Columns     []column
	Keys        []key
	Indexes     []key // those that aren't unique
	Foreign     []foreign
	Checks      []check
	Triggers    []trigger
	Policies    []string
	Exclusions  []string
	LeaningView string // a view whose GROUP BY needs the primary key
}

func (r *relation) sql() string { return sqltext.Qualified(r.Schema, r.Name) }

func (r *relation) column(name string) *column {
	return find(r.Columns, func(c column) bool { return c.Name == name })
}

func (r *relation) key(name string) *key {
	return find(r.Keys, func(k key) bool { return k.Name == name })
}

func (r *relation) index(name string) *key {
	return find(r.Indexes, func(k key) bool { return k.Name == name })
}

func (r *relation) foreign(name string) *foreign {
	return find(r.Foreign, func(f foreign) bool { return f.Name == name })
}

func (r *relation) check(name string) *check {
	return find(r.Checks, func(c check) bool { return c.Name == name })
}

func (r *relation) trigger(name string) *trigger {
	return find(r.Triggers, func(t trigger) bool { return t.Name == name })
}

func (r *relation) policy(name string) bool { return slices.Contains(r.Policies, name) }

func (r *relation) primary() *key {
	return find(r.Keys, func(k key) bool { return k.Primary })
}

type column struct {
	Name      string
	Type      string
	NotNull   bool
	Default   string
	Generated bool
	Identity  bool // empty in what an earlier version recorded
}

// key is an index, with its constraint if it has one.
type key struct {
	Name       string
	Constraint bool
	Primary    bool
	Valid      bool
	Immediate  bool
	Deferred   bool
	Partial    bool
	Columns    []string // empty for an expression
	Tail       string   // its definition from USING on
	Of         string   // of a partition's index: the table's index that it is a part of

	// empty in what an earlier version of the library recorded
	Definition        string // of the constraint
	Comment           string
	ConstraintComment string
	Clustered         bool
	ReplicaIdentity   bool
	Statistics        []statistics
	Tablespace        string // empty for the database's
	Options           []string
}

// statistics is the statistics target of an expression in an index. Columns are numbered from 1.
type statistics struct{ Column, Target int }

func (k *key) hasTenant() bool { return slices.Contains(k.Columns, tenantColumn) }

// foreign is a foreign key.
type foreign struct {
	Name       string
	Columns    []string
	Target     string // in the form of sql
	References []string
	Definition string
	Valid      bool
	Inherited  bool // it is a partition's part of its table's foreign key
	OnUpdate   string
	OnDelete   string
	SetColumns []string
	Deferrable bool
	Deferred   bool
	Comment    string
}

func (f *foreign) hasTenant() bool { return slices.Contains(f.Columns, tenantColumn) }

type check struct {
	Name  string
	Valid bool
}

type trigger struct {
	Name       string
	Definition string
	Enabled    string // pg_trigger.tgenabled
	Updates    bool   // it runs for each updated row
}

// find returns a pointer to the first element that matches, or nil.
func find[T any](all []T, matches func(T) bool) *T {
	if at := slices.IndexFunc(all, matches); at >= 0 {
		return &all[at]
	}
	return nil
}
