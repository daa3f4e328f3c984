package itemsql

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// rfc3339 is the format of to_char for a time in UTC, and rfc3339BC for one before year 1.
const (
	rfc3339   = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`
	rfc3339BC = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'`
)

// readColumn returns the expression for the JSON of a column of the row t.
func readColumn(c declare.Column) string {
	column := "t." + sqltext.Quote(c.Name)
	if !c.Array {
		return readValue(c.Form, column)
	}
	switch c.Form {
	case declare.Plain:
		return column
	case declare.Pinned:
		return readValue(c.Form, column)
	}
	return "(SELECT coalesce(jsonb_agg(" + readValue(c.Form, "a.e") + " ORDER BY a.n), '[]')" +
		" FROM unnest(" + column + ") WITH ORDINALITY AS a(e, n))"
}

// readValue returns the expression for the JSON of an SQL value. It is NULL for NULL.
func readValue(form declare.Form, value string) string {
	switch form {
	case declare.Pinned:
		return "bailiwick.pinned_json(" + value + ")"
	case declare.Text:
		return value + "::text"
	case declare.Instant:
		return readTime(value, "("+value+" AT TIME ZONE 'UTC')")
	case declare.WallTime:
		return readTime(value, value)
	case declare.Base64:
		return "translate(encode(" + value + ", 'base64'), chr(10), '')"
	case declare.Money:
		return value + "::numeric"
	case declare.MoneyText:
		return value + "::numeric::text"
	}
	return value
}

// readTime returns the expression for a time, of which utc is the time in UTC without a zone.
func readTime(value, utc string) string {
	return "CASE WHEN NOT isfinite(" + value + ") THEN " + value + "::text" +
		" WHEN " + utc + " < timestamp '0001-01-01' THEN to_char(" + utc + ", " + rfc3339BC + ")" +
		" ELSE to_char(" + utc + ", " + rfc3339 + ") END"
}

// recordType returns the type as which the record of an item's typed members has the column.
func recordType(c declare.Column) string {
	switch {
	case c.Array && (c.Form == declare.Base64 || c.Form == declare.Money ||
		c.Form == declare.MoneyText):
		return "jsonb"
	case c.Form == declare.Base64:
		return "text"
	case c.Form == declare.Money, c.Form == declare.MoneyText:
		return "numeric"
	}
	return c.RecordType()
}

// writeColumn returns the expression for the column's value from the record r of an item. kept is
// the value of an absent member that the database fills; empty: the default.
func writeColumn(c declare.Column, kept string) string {
	value := "r." + sqltext.Quote(c.Name)
	convert := func(v string) string { return v }
	switch c.Form {
	case declare.Base64:
		convert = func(v string) string { return "decode(" + v + ", 'base64')" }
	case declare.Money, declare.MoneyText:
		convert = func(v string) string { return v + "::numeric::money" }
	}
	if c.Array && recordType(c) == "jsonb" {
		value = "CASE WHEN jsonb_typeof(" + value + ") = 'array' THEN ARRAY(SELECT " +
			convert("a.e") + " FROM jsonb_array_elements_text(" + value +
			") WITH ORDINALITY AS a(e, n) ORDER BY a.n) END"
	} else {
		value = convert(value)
	}
	if kept != "" && c.IsFilled() {
		return "coalesce(" + value + ", " + kept + ")"
	}
	if c.NotNull && c.Default != "" {
		return "coalesce(" + value + ", " + strings.TrimSpace(c.Default) + ")"
	}
	return value
}
