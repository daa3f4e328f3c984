package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

const mendByPut = "a PUT of the item mends it"

// tableRules are the rules that one table's rows are looked at by.
type tableRules struct {
	table string // in SQL; its alias is t
	shown string // the columns that a finding shows
	rules []itemsql.UnfitRule
}

// FindUnfitRows returns the rows of a database that isn't contracted and that the rules of the new
// version refuse, by table and rule. It reads each table once.
func FindUnfitRows(ctx context.Context, c Config, e *adopt.Engine) ([]adoption.UnfitRows, error) {
	state, err := e.State(ctx)
	if err != nil || InOneTransaction(state) {
		return nil, err
	}
	var found []adoption.UnfitRows
	for _, t := range c.tableRules() {
		rows, err := t.find(ctx, e)
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

func (c Config) tableRules() []tableRules {
	var all []tableRules
	for _, t := range c.Declared.SortedKinds() {
		all = append(all, tableRules{t.SQL, "t.*", itemsql.UnfitRules(c.Declared, t)})
	}
	if u := c.Adopt.Users; u != nil {
		all = append(all, c.userRules(*u))
	}
	if k := c.Adopt.Keys; k != nil && c.Adopt.Users != nil {
		all = append(all, c.keyRules(*k, *c.Adopt.Users))
	}
	return all
}

// find counts the rows of each rule whose columns the table has.
func (t tableRules) find(ctx context.Context, e *adopt.Engine) ([]adoption.UnfitRows, error) {
	columns, err := e.ColumnNames(ctx, t.table)
	if err != nil {
		return nil, err
	}
	rules := slices.DeleteFunc(slices.Clone(t.rules), func(r itemsql.UnfitRule) bool {
		return slices.ContainsFunc(r.Columns,
			func(c string) bool { return !slices.Contains(columns, c) })
	})
	if len(rules) == 0 {
		return nil, nil
	}
	counts := make([]string, len(rules))
	for i, r := range rules {
		counts[i] = "count(*) FILTER (WHERE " + r.Condition + ")"
	}
	query := "SELECT unnest(ARRAY[" + strings.Join(counts, ", ") + "]) FROM " + t.table + " AS t"
	numbers, err := e.Counts(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", t.table, err)
	}
	var found []adoption.UnfitRows
	for i, r := range rules {
		if numbers[i] > 0 {
			found = append(found, t.finding(r, numbers[i]))
		}
	}
	return found, nil
}

func (t tableRules) finding(r itemsql.UnfitRule, count int64) adoption.UnfitRows {
	where := " AS t WHERE " + r.Condition
	f := adoption.UnfitRows{Table: t.table, Why: r.Why, Count: count, Mend: mendByPut,
		Find: "SELECT " + t.shown + " FROM " + t.table + where}
	if r.Mend != "" {
		f.Mend = "UPDATE " + t.table + " AS t SET " + r.Mend + " WHERE " + r.Condition
	}
	return f
}

// emailForm is the form of the addresses that [identity.ParseEmail] accepts.
const emailForm = "^[a-zA-Z0-9!#$%&''*+/=?^_`{|}~-]+([.][a-zA-Z0-9!#$%&''*+/=?^_`{|}~-]+)*@" +
	`[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?([.][a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`

// userRules name the people who couldn't sign in by their address after the adoption.
func (c Config) userRules(u adoption.Users) tableRules {
	schema, table := c.splitName(u.Table)
	name, email := sqltext.Qualified(schema, table), "t."+sqltext.Quote(u.Email)
	id := sqltext.Quote(u.ID)
	choose := sqltext.Quote(u.Email) + " = 'a new address of this person'"
	lower := `lower(%s COLLATE "C")`
	return tableRules{name, "t." + id + ", " + email + ", t." + sqltext.Quote(u.Name),
		[]itemsql.UnfitRule{
			{Columns: []string{u.Email}, Mend: choose, Why: "the e-mail address hasn't the form" +
				" name@domain in ASCII: the person stays a member, their keys stay valid, and they can't" +
				" sign in with the address",
				Condition: fmt.Sprintf(`%[1]s COLLATE "C" !~ '%[2]s' OR octet_length(%[1]s) > 254`+
					` OR position('@' IN %[1]s) > 65`, email, emailForm)},
			{Columns: []string{u.Email, u.ID}, Mend: choose, Why: "another person has the same e-mail" +
				" address but for the case of its letters: only one of them can sign in with it",
				Condition: fmt.Sprintf("EXISTS (SELECT FROM %s AS o WHERE o.%s <> t.%[2]s AND "+lower+
					" = "+lower+")", name, id, "o."+sqltext.Quote(u.Email), email)},
		}}
}

// keyRules name the API keys that aren't copied though they aren't revoked.
func (c Config) keyRules(k adoption.Keys, u adoption.Users) tableRules {
	schema, table := c.splitName(k.Table)
	userSchema, userTable := c.splitName(u.Table)
	columns, notRevoked := []string{k.Hash, k.User}, ""
	if k.RevokedAt != "" {
		columns = append(columns, k.RevokedAt)
		notRevoked = "t." + sqltext.Quote(k.RevokedAt) + " IS NULL AND "
	}
	return tableRules{sqltext.Qualified(schema, table), "t." + sqltext.Quote(k.ID) + ", t." +
		sqltext.Quote(k.Name), []itemsql.UnfitRule{{
		Columns: columns, Mend: "",
		Why: "the API key isn't adopted, since its hash isn't a SHA-256 of 32 bytes or its user doesn't" +
			" exist: create a new key",
		Condition: fmt.Sprintf("%s(octet_length(t.%s) <> 32 OR NOT EXISTS (SELECT FROM %s AS u"+
			" WHERE u.%s = t.%s))", notRevoked, sqltext.Quote(k.Hash),
			sqltext.Qualified(userSchema, userTable), sqltext.Quote(u.ID), sqltext.Quote(k.User)),
	}}}
}
