package adopt

import "slices"

// relation is a table as the catalog has it. Its JSON is kept in
// bailiwick.former.
type relation struct {
	Schema      string
	Name        string
	Kind        string // r or p
	Owner       string
	Parent      string // of a partition: its table, as sql writes it
	Inherits    bool   // it is part of an inheritance tree that is no partitioning
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

func (r *relation) sql() string { return quote(r.Schema) + "." + quote(r.Name) }

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
}

// key is an index, and the constraint that it serves, if it does.
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
	Of         string   // of a partition: the index of its table that it is a part of
}

func (k *key) hasTenant() bool { return slices.Contains(k.Columns, tenantColumn) }

// foreign is a foreign key.
type foreign struct {
	Name       string
	Columns    []string
	Target     string // as sql writes it
	References []string
	Definition string
	Valid      bool
	Inherited  bool // it is a partition's part of its table's
	OnUpdate   string
	OnDelete   string
	SetColumns []string
	Deferrable bool
	Deferred   bool
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
	Updates    bool   // it is asked for each row that is updated
}

// find answers a pointer to the first element that fits, or nil.
func find[T any](all []T, fits func(T) bool) *T {
	if at := slices.IndexFunc(all, fits); at >= 0 {
		return &all[at]
	}
	return nil
}
