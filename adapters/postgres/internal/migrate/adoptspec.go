package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// adoptSpec translates the host's description of its database for the adoption engine.
func (c Config) adoptSpec() (adopt.Spec, error) {
	a := c.Adopt
	if a.Keys != nil && a.Users == nil {
		return adopt.Spec{}, errors.New("postgres: adoption.Database.Keys needs Users: a key gets" +
			" the role of its user")
	}
	spec := adopt.Spec{
		Tenant:    tenancy.DefaultID.String(),
		Condition: catalog.TenantCondition(c.Scope, schema.DefaultTenantColumn),
		Problems:  c.columnProblems,
		Library: adopt.Library{
			Summary: "CREATE SCHEMA bailiwick -- and the library's tables and functions in it:" +
				" nothing of the host's is touched",
			Roles: []string{c.Roles.Owner, c.Roles.Search, c.Roles.App, c.Roles.System},
			Owner: c.Roles.Owner, Search: itemsql.SearchSchema,
		},
	}
	owned := declare.OwnedTables(c.Declared.Tables)
	for _, name := range a.Owned {
		owned = append(owned, sqltext.Qualified(c.splitName(name)))
	}
	for _, name := range owned {
		spec.Tables = append(spec.Tables, c.adoptTable(name))
	}
	return c.addHostObjects(spec)
}

// columnProblems returns the problems of the kinds' columns in the words of the adoption.
func (c Config) columnProblems(ctx context.Context, db bun.IDB) ([]adopt.Problem, error) {
	found, err := catalog.ColumnProblems(ctx, db, c.Declared)
	problems := make([]adopt.Problem, len(found))
	for i, p := range found {
		problems[i] = adopt.Problem(p)
	}
	return problems, err
}

// adoptTable describes the owned table with this SQL name.
func (c Config) adoptTable(sql string) adopt.Table {
	schema, table := sqltext.SplitQualified(sql)
	kind, hasKind := c.Declared.KindTablesBySQL()[sql]
	t := adopt.Table{
		Schema: schema, Name: table, Versioned: hasKind, Replaced: c.Adopt.ReplacedTriggers,
		Singleton: slices.ContainsFunc(c.Declared.Tables, func(d *declare.Table) bool {
			return d.SQL == sql && d.Singleton != ""
		}),
	}
	for _, trigger := range catalog.AuditTriggers(kind) {
		t.Audit = append(t.Audit, adopt.AuditTrigger(trigger))
	}
	addColumns(&t, c.Declared, sql)
	for other, columns := range c.Adopt.PrimaryKeys {
		if s, n := c.splitName(other); s == schema && n == table {
			t.Primary = columns
		}
	}
	return t
}

// addHostObjects adds the host's indexes, views, steps, users and keys to spec.
func (c Config) addHostObjects(spec adopt.Spec) (adopt.Spec, error) {
	a := c.Adopt
	for _, i := range a.Indexes {
		schema, table := c.splitName(i.Table)
		spec.Indexes = append(spec.Indexes,
			adopt.Index{Schema: schema, Table: table, Name: i.Name, Definition: i.Definition})
	}
	for _, v := range a.Views {
		schema, name := c.splitName(v.Name)
		spec.Views = append(spec.Views,
			adopt.View{Schema: schema, Name: name, Definition: v.Definition})
	}
	for _, s := range a.Steps {
		if s.Name == "" || s.Done == "" || s.Undone == "" || s.Up == "" || s.Down == "" ||
			s.Phase != adoption.Expand && s.Phase != adoption.Contract {
			return spec, fmt.Errorf(
				"postgres: adoption.Step %q needs a Name, a Phase, Done, Undone, Up and Down",
				s.Name)
		}
		spec.Custom = append(spec.Custom, adopt.Custom{Name: s.Name, Phase: s.Phase, Done: s.Done,
			Undone: s.Undone, Up: s.Up, Down: s.Down, Lock: cmp.Or(s.Lock, "ACCESS EXCLUSIVE")})
	}
	if u := a.Users; u != nil {
		schema, table := c.splitName(u.Table)
		spec.Users = &adopt.Users{Schema: schema, Table: table, ID: u.ID, Email: u.Email,
			Name: u.Name, Password: u.Password, Admin: u.Admin}
	}
	if k := a.Keys; k != nil {
		schema, table := c.splitName(k.Table)
		spec.Keys = &adopt.Keys{
			Schema: schema, Table: table, ID: k.ID, User: k.User, Name: k.Name, Hash: k.Hash,
			CreatedAt: k.CreatedAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt,
		}
	}
	return spec, nil
}

// splitName splits a table's name. The schema defaults to that of the declared tables.
func (c Config) splitName(name string) (schema, table string) {
	if s, t, ok := strings.Cut(name, "."); ok {
		return s, t
	}
	return c.Declared.Schema, name
}
