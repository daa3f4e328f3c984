package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Adoption says what a single-tenant database has, beside what the declared
// tables say already, that becomes the default tenant's. Tables are named as in
// SQL, without quotes and with their schema where it isn't public. What a fresh
// installation has and PostgreSQL names by itself (agents_name_key) is named as
// there.
type Adoption struct {
	// Owned are further tables whose rows belong to a tenant. They get tenant_id
	// and the walls, and stay out of the application role's reach.
	Owned []string

	// Primary are new primary keys, by table: columns behind tenant_id, where
	// they aren't those of the old key.
	Primary map[string][]string

	// Replaced are triggers, by name, that count versions and whose place the
	// library's takes.
	Replaced []string

	// Indexes are those that tables come to have, or that change. One of another
	// definition and the same name is replaced with the contraction.
	Indexes []AdoptedIndex

	// Views are those that get a column tenant_id. Others stay as they are.
	Views []AdoptedView

	// Steps are the host's own, run before the expansion or behind the
	// contraction, in order.
	Steps []AdoptionStep

	// Users become members of the default tenant: administrators with the role
	// admin, all others as editors.
	Users *AdoptedUsers

	// Keys go on working, in the default tenant and with the role of their user.
	// They need Users.
	Keys *AdoptedKeys

	// Baseline is the name of the last of Options.Migrations that made what
	// the adopted tables become: none up to it is run. Defaults to all.
	Baseline string
}

// AdoptedIndex is an index of an adopted table.
type AdoptedIndex struct {
	Table, Name string
	Definition  string // from USING on: "USING btree (tenant_id, type) WHERE enabled"
}

// AdoptedView is a view on adopted tables.
type AdoptedView struct {
	Name       string
	Definition string // a SELECT whose last column is tenant_id
}

// AdoptionStep is a step of the host's own. Its statements run in one
// transaction, by the session's search path, under a short lock_timeout, and are
// repeated when a lock isn't to be had.
type AdoptionStep struct {
	Name   string
	Phase  Phase
	Done   string // an SQL condition: nothing is left to do
	Undone string // an SQL condition: nothing of it is there
	Up     string // SQL
	Down   string // SQL: its inverse
	Lock   string // the strongest lock that it takes, for the plan
}

// AdoptedUsers is the table of users, by its columns. Admin is a boolean; ID a
// uuid, or anything that a uuid is made of.
type AdoptedUsers struct {
	Table                            string
	ID, Email, Name, Password, Admin string
}

// AdoptedKeys is the table of API keys, by its columns. Hash is the SHA-256 of a
// key; LastUsedAt and RevokedAt may be empty. A revoked key stays behind.
type AdoptedKeys struct {
	Table                                                  string
	ID, User, Name, Hash, CreatedAt, LastUsedAt, RevokedAt string
}

// adoption works the declaration out.
func (c MigrationConfig) adoption() (adopt.Spec, error) {
	a, d := c.Adopt, c.Declared
	spec := adopt.Spec{
		Tenant: tenancy.DefaultID.String(), Condition: TenantCondition(c.Scope, tenantColumn),
		Library: adopt.Library{
			Summary: "CREATE SCHEMA bailiwick -- and the library's tables and functions in it:" +
				" nothing of the host's is touched",
			Roles: []string{OwnerRole, SearchRole, "bailiwick_app", "bailiwick_system"},
			Owner: OwnerRole, Search: SearchRole,
		},
	}
	if c.AppRole != "" {
		spec.Library.Roles = []string{OwnerRole, SearchRole, c.AppRole, c.SystemRole}
	}
	if a.Keys != nil && a.Users == nil {
		return spec, errors.New("postgres: Adoption.Keys needs Users, who say the keys' roles")
	}
	versioned := d.versioned()
	for _, name := range append(owned(d.all), a.Owned...) {
		schema, table := splitName(strings.ReplaceAll(name, `"`, ""))
		t := adopt.Table{Schema: schema, Name: table,
			Versioned: versioned[Quote(schema)+"."+Quote(table)], Replaced: a.Replaced}
		for _, declared := range d.all {
			t.Singleton = t.Singleton || declared.singleton != "" &&
				declared.sql == Quote(schema)+"."+Quote(table)
		}
		for named, columns := range a.Primary {
			if s, n := splitName(named); s == schema && n == table {
				t.Primary = columns
			}
		}
		spec.Tables = append(spec.Tables, t)
	}
	return a.fill(spec)
}

func (a *Adoption) fill(spec adopt.Spec) (adopt.Spec, error) {
	for _, i := range a.Indexes {
		schema, table := splitName(i.Table)
		spec.Indexes = append(spec.Indexes,
			adopt.Index{Schema: schema, Table: table, Name: i.Name, Definition: i.Definition})
	}
	for _, v := range a.Views {
		schema, name := splitName(v.Name)
		spec.Views = append(spec.Views,
			adopt.View{Schema: schema, Name: name, Definition: v.Definition})
	}
	for _, s := range a.Steps {
		if s.Name == "" || s.Done == "" || s.Undone == "" || s.Up == "" || s.Down == "" ||
			s.Phase != Expand && s.Phase != Contract {
			return spec, fmt.Errorf(
				"postgres: AdoptionStep %q needs a Name, a Phase, Done, Undone, Up and Down",
				s.Name)
		}
		spec.Custom = append(spec.Custom, adopt.Custom{Name: s.Name, Phase: s.Phase, Done: s.Done,
			Undone: s.Undone, Up: s.Up, Down: s.Down, Lock: cmp.Or(s.Lock, "ACCESS EXCLUSIVE")})
	}
	if u := a.Users; u != nil {
		schema, table := splitName(u.Table)
		spec.Users = &adopt.Users{Schema: schema, Table: table, ID: u.ID, Email: u.Email,
			Name: u.Name, Password: u.Password, Admin: u.Admin}
	}
	if k := a.Keys; k != nil {
		schema, table := splitName(k.Table)
		spec.Keys = &adopt.Keys{
			Schema: schema, Table: table, ID: k.ID, User: k.User, Name: k.Name, Hash: k.Hash,
			CreatedAt: k.CreatedAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt,
		}
	}
	return spec, nil
}

// splitName takes a name apart. Without a schema it is public's.
func splitName(name string) (schema, table string) {
	if s, t, ok := strings.Cut(name, "."); ok {
		return s, t
	}
	return "public", name
}
