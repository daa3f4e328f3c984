package declare

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// literal matches an SQL constant with or without a cast: 'text', a number, true or false.
var literal = regexp.MustCompile(`(?is)^\s*(?:'((?:[^']|'')*)'|([+-]?[0-9.]+(?:e[+-]?[0-9]+)?|true|false))` +
	`\s*(?:::.*)?$`)

// jsonDefault returns the JSON of the column's default. It is empty if the default isn't a
// constant, or if only the database knows how the type writes it.
func (c Column) jsonDefault() json.RawMessage {
	match := literal.FindStringSubmatch(c.Default)
	if match == nil {
		return nil
	}
	text := match[2] + strings.ReplaceAll(match[1], "''", "'")
	value := c.defaultValue(text)
	if !json.Valid(value) || typeOfJSON(value) == unknownType {
		return nil
	}
	return value
}

// IsFilled reports whether the database fills the column where an item doesn't have the member, with
// a value that isn't the same each time or that only the database knows.
func (c Column) IsFilled() bool {
	return c.NotNull && c.Default != "" && c.jsonDefault() == nil
}

// defaultValue returns the JSON of a constant in the notation of the column's type.
func (c Column) defaultValue(text string) json.RawMessage {
	switch {
	case c.Array && strings.TrimSpace(text) == "{}":
		return json.RawMessage("[]")
	case c.Array:
		return nil
	case c.sql.name == "json", c.sql.name == "jsonb":
		return json.RawMessage(text)
	case c.sql.isText(), jsonForms[c.sql.name].json == "" && c.JSON == federation.String:
		quoted, _ := json.Marshal(text) // a string always marshals
		return quoted
	case c.JSON == federation.Boolean:
		value, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(text)))
		if err != nil {
			return nil
		}
		return strconv.AppendBool(nil, value)
	case c.JSON == federation.Integer, c.JSON == federation.Number && c.Form != Money:
		return json.RawMessage(strings.TrimPrefix(strings.TrimSpace(text), "+"))
	}
	return nil
}
