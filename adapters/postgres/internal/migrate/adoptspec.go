package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// adoption works the declaration out.
func (c Config) adoption() (adopt.Spec, error) {
	a, d := c.Adopt, c.Declared
	spec := adopt.Spec{
		Tenant:    tenancy.DefaultID.String(),
		Condition: catalog.TenantCondition(c.Scope, schema.TenantColumn),
		Library: adopt.Library{
			Summary: "CREATE SCHEMA bailiwick -- and the library's tables and functions in it:" +
				" nothing of the host's is touched",
			Roles: []string{pool.OwnerRole, itemsql.SearchRole, "bailiwick_app",
				"bailiwick_system"},
			Owner: pool.OwnerRole, Search: itemsql.SearchRole,
		},
	}
	if c.AppRole != "" {
		spec.Library.Roles = []string{pool.OwnerRole, itemsql.SearchRole, c.AppRole, c.SystemRole}
	}
	if a.Keys != nil && a.Users == nil {
		return spec, errors.New("postgres: Adoption.Keys needs Users, who say the keys' roles")
	}
	versioned := d.Versioned()
	for _, name := range append(declare.OwnedTables(d.Tables), a.Owned...) {
		schema, table := splitName(strings.ReplaceAll(name, `"`, ""))
		t := adopt.Table{Schema: schema, Name: table,
			Versioned: versioned[sqltext.Quote(schema)+"."+sqltext.Quote(table)],
			Replaced:  a.Replaced}
		for _, declared := range d.Tables {
			t.Singleton = t.Singleton || declared.Singleton != "" &&
				declared.SQL == sqltext.Quote(schema)+"."+sqltext.Quote(table)
		}
		for named, columns := range a.Primary {
			if s, n := splitName(named); s == schema && n == table {
				t.Primary = columns
			}
		}
		spec.Tables = append(spec.Tables, t)
	}
	return fillSpec(a, spec)
}

func fillSpec(a *adoption.Database, spec adopt.Spec) (adopt.Spec, error) {
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
			s.Phase != adoption.Expand && s.Phase != adoption.Contract {
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
