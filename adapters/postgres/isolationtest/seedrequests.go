package isolationtest

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

var errCannotMake = errors.New("no value can be generated")

// makeRow generates a row of s from the catalog: name in a text of a unique key with the tenant,
// the side's marker in other texts, and for references the nth of the side's rows in the other
// table (modulo their number).
func (e *examination) makeRow(t *relation, s *tenantSide, n int, name string) (row, error) {
	made := row{}
	referred, err := e.referTo(t, s, n)
	if err != nil {
		return nil, err
	}
	for _, c := range t.columns {
		value, isReference := referred[c.Name]
		switch {
		case c.Name == t.Tenant:
			value = encode(s.ID.String())
		case isReference:
		case c.softDelete:
			continue
		case c.Defaulted && !t.getsValueAnyway(c) || t.plain && !c.NotNull:
			continue
		default:
			value = e.value(t, c, s, name)
		}
		if value == nil && c.NotNull && !c.Defaulted {
			return nil, fmt.Errorf("%s.%s (%s): %w", t.label(), c.Name, c.Type, errCannotMake)
		}
		if value != nil {
			made[c.Name] = value
		}
	}
	return made, nil
}

// getsValueAnyway reports whether a column with a default gets a value nevertheless, since its
// type can hold one that differs between the sides.
func (t *relation) getsValueAnyway(c column) bool {
	if t.plain {
		return false
	}
	return c.Type == "uuid" || c.Type == "jsonb" || c.Type == "json" || c.Category == "S"
}

// referTo generates the values of foreign keys. An optional reference is NULL if the other table
// is empty, or is the table itself.
func (e *examination) referTo(t *relation, s *tenantSide, n int) (row, error) {
	values := row{}
	for _, r := range t.refs {
		own := t.withoutTenant(r.Columns)
		target := e.table(r.Target)
		if len(own) == 0 {
			continue // to the tenants
		}
		if target == nil { // without a tenant
			for i, c := range r.Columns {
				values[c] = e.sharedRows[r.Target][r.Refers[i]]
			}
			continue
		}
		optional := slices.ContainsFunc(t.columns,
			func(c column) bool { return slices.Contains(own, c.Name) && !c.NotNull })
		rows := target.rows[s.ID]
		if optional && (target == t || len(rows) == 0 || t.plain) {
			for _, c := range own {
				if values[c] == nil {
					values[c] = nil
				}
			}
			continue
		}
		if len(rows) == 0 {
			return nil, fmt.Errorf("%s refers to %s, which is empty: %w", t.label(), target.label(),
				errCannotMake)
		}
		for i, c := range r.Columns {
			if c != t.Tenant {
				values[c] = rows[n%len(rows)][r.Refers[i]]
			}
		}
	}
	return values, nil
}

// value generates one value, nil if it can't.
func (e *examination) value(t *relation, c column, s *tenantSide, name string) json.RawMessage {
	e.lastNumber++
	text := s.marker
	if t.isName(c) {
		text = name
	}
	switch {
	case c.Label != "":
		return encode(c.Label)
	case c.Category == "S":
		if allowed := t.allowedText(c); allowed != "" {
			return encode(allowed)
		}
		if t.inUniqueKey(c) && !t.isName(c) {
			text = fmt.Sprintf("%s-%d", text, e.lastNumber)
		}
		if c.Length > 0 && len(text) > c.Length {
			text = text[:c.Length]
		}
		return encode(text)
	case c.Category == "A":
		if c.Type == "_text" || c.Type == "_varchar" {
			return encode([]string{s.marker})
		}
		return encode([]string{})
	case c.Category == "N":
		return encode(e.lastNumber)
	case c.Category == "B":
		return encode(true)
	case c.Category == "D":
		return encode("2026-01-01T12:00:00Z")
	case c.Category == "T":
		return encode("1 hour")
	case c.Category == "I":
		return encode("192.0.2.1")
	case c.Category == "R":
		return encode("empty")
	}
	switch c.Type {
	case "uuid":
		return encode(uuid.NewString())
	case "json", "jsonb":
		return encode(map[string]string{"marker": s.marker})
	case "bytea":
		return encode(fmt.Sprintf(`\x%x`, sha256.Sum256(fmt.Append(nil, s.marker, e.lastNumber))))
	}
	return nil
}

// isName reports whether the column is a text that identifies a row within its tenant: it is in
// a unique key with the tenant's id.
func (t *relation) isName(c column) bool {
	return c.Category == "S" && slices.ContainsFunc(t.keys, func(k key) bool {
		return slices.Contains(k.Columns, t.Tenant) && slices.Contains(k.Columns, c.Name)
	})
}

func (t *relation) inUniqueKey(c column) bool {
	return slices.ContainsFunc(t.keys,
		func(k key) bool { return slices.Contains(k.Columns, c.Name) })
}

var textConstant = regexp.MustCompile(`'((?:[^']|'')+)'::(?:text|character varying|bpchar)`)

// allowedText returns the first constant in a check on the column, which in most checks is an
// allowed value.
func (t *relation) allowedText(c column) string {
	for _, check := range t.checks {
		if !slices.Contains(check.Columns, c.Name) {
			continue
		}
		if found := textConstant.FindStringSubmatch(check.Definition); found != nil {
			return strings.ReplaceAll(found[1], "''", "'")
		}
	}
	return ""
}

func encode(v any) json.RawMessage {
	text, _ := json.Marshal(v) // texts, numbers and lists of them always marshal
	return text
}

func (r row) json() string { return string(encode(r)) }

// columnsOf returns the columns that r has a value for, in the order of the table.
func (t *relation) columnsOf(r row) []string {
	var names []string
	for _, c := range t.columns {
		if _, ok := r[c.Name]; ok {
			names = append(names, c.Name)
		}
	}
	return names
}
