package declare

import (
	"regexp"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// Form says how PostgreSQL's value of a column is written in JSON, so that the same value has
// the same JSON whatever the settings of the session, and can be read back.
type Form int

// The forms of a column's value.
const (
	Plain     Form = iota // as to_jsonb writes it
	Pinned                // as to_jsonb writes it under fixed settings
	Text                  // a number as a string of its digits
	Instant               // a time with time zone: RFC 3339, in UTC, with microseconds
	WallTime              // a time without time zone, which is one in UTC
	Base64                // bytes
	Money                 // an amount as a number
	MoneyText             // an amount as a string of its digits
)

// sqlType is an SQL type: its name in a normal form, and whether it is an array.
type sqlType struct {
	name  string
	array bool
}

var typeModifier = regexp.MustCompile(`\s*\([^)]*\)`)

// parseSQLType brings the name of a type into a normal form, without its length or precision.
func parseSQLType(name string) sqlType {
	name = strings.Join(strings.Fields(typeModifier.ReplaceAllString(name, "")), " ")
	name = strings.TrimPrefix(strings.ToLower(name), "pg_catalog.")
	base, _, array := strings.Cut(name, "[")
	base = strings.TrimSpace(base)
	if strings.HasSuffix(base, " array") {
		base, array = strings.TrimSuffix(base, " array"), true
	}
	if same, ok := typeAliases[base]; ok {
		base = same
	}
	return sqlType{name: base, array: array}
}

var typeAliases = map[string]string{
	"bool": "boolean", "int2": "smallint", "smallserial": "smallint", "serial2": "smallint",
	"int": "integer", "int4": "integer", "serial": "integer", "serial4": "integer",
	"int8": "bigint", "bigserial": "bigint", "serial8": "bigint",
	"float4": "real", "float8": "double precision", "float": "double precision",
	"decimal": "numeric", "varchar": "character varying", "char": "character",
	"bpchar": "character", "varbit": "bit varying",
	"timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
	"time": "time without time zone", "timetz": "time with time zone",
}

// jsonForm is how PostgreSQL writes the values of a type in JSON.
type jsonForm struct {
	json federation.Type
	form Form
}

// jsonForms are the forms of PostgreSQL's own types.
var jsonForms = map[string]jsonForm{
	"boolean":  {federation.Boolean, Plain},
	"smallint": {federation.Integer, Plain}, "integer": {federation.Integer, Plain},
	"bigint": {federation.Integer, Plain}, "oid": {federation.Integer, Plain},
	"numeric": {federation.Number, Plain},
	"real":    {federation.Number, Pinned}, "double precision": {federation.Number, Pinned},
	"json": {federation.Any, Plain}, "jsonb": {federation.Any, Plain},
	"timestamp with time zone":    {federation.String, Instant},
	"timestamp without time zone": {federation.String, WallTime},
	"interval":                    {federation.String, Pinned},
	"bytea":                       {federation.String, Base64},
	"money":                       {federation.Number, Money},
	"tsrange":                     {federation.String, Pinned},
	"tstzrange":                   {federation.String, Pinned},
	"daterange":                   {federation.String, Pinned},
	"tsmultirange":                {federation.String, Pinned},
	"tstzmultirange":              {federation.String, Pinned},
	"datemultirange":              {federation.String, Pinned},
	"point":                       {federation.String, Pinned},
	"line":                        {federation.String, Pinned},
	"lseg":                        {federation.String, Pinned},
	"box":                         {federation.String, Pinned},
	"path":                        {federation.String, Pinned},
	"polygon":                     {federation.String, Pinned},
	"circle":                      {federation.String, Pinned},
}

// plainStrings are the types whose values to_jsonb writes as strings.
var plainStrings = strings.Fields("text citext name uuid inet cidr macaddr macaddr8 date bit xml" +
	" tsvector tsquery int4range int8range numrange int4multirange int8multirange" +
	" nummultirange character")

func init() {
	for _, name := range append(plainStrings, "character varying", "bit varying",
		"time without time zone", "time with time zone") {
		jsonForms[name] = jsonForm{federation.String, Plain}
	}
}

// isText reports whether the type holds any text, so that a default is the text itself.
func (t sqlType) isText() bool {
	switch t.name {
	case "text", "character varying", "character", "citext", "name":
		return !t.array
	}
	return false
}

// serialTypes are the names that only CREATE TABLE knows.
var serialTypes = map[string]string{
	"smallserial": "smallint", "serial2": "smallint", "serial": "integer", "serial4": "integer",
	"bigserial": "bigint", "serial8": "bigint",
}

// RecordType returns the column's type in a list of columns.
func (c Column) RecordType() string {
	if same, ok := serialTypes[strings.ToLower(c.SQLType)]; ok {
		return same
	}
	return c.SQLType
}
