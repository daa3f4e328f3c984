package declare

import (
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/bailiwick-go/bailiwick/federation"
)

// setForm works out how the column's values are written in JSON, from its Go type and its SQL
// type. It refuses a column whose JSON couldn't be read back.
func (c *Column) setForm(goType reflect.Type) error {
	for goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	c.sql = parseSQLType(c.SQLType)
	switch {
	case c.sql.name == "hstore":
		return fmt.Errorf("the type hstore has no JSON form that can be read back: use jsonb")
	case c.msgpack:
		return fmt.Errorf("msgpack has no JSON form: remove the option msgpack and use jsonb")
	case c.sql.array:
		c.Array, c.JSON = true, federation.Array
		element := goType
		if goJSONType(goType) == federation.Array {
			element = goType.Elem()
		} else if !implements[driver.Valuer](goType) {
			return mismatch(goType, federation.Array, c.SQLType)
		}
		_, form, err := combine(element, sqlType{name: c.sql.name}, c.SQLType)
		if implements[driver.Valuer](goType) && err != nil {
			form, err = jsonForms[c.sql.name].form, nil
		}
		c.Form = form
		if err == nil && form != Plain && form != Pinned && isNested(element) {
			err = fmt.Errorf("arrays of arrays of %s have no JSON form: use jsonb", c.sql.name)
		}
		return err
	}
	var err error
	c.JSON, c.Form, err = combine(goType, c.sql, c.SQLType)
	return err
}

// isNested reports whether an element of an array is itself an array.
func isNested(element reflect.Type) bool {
	for element.Kind() == reflect.Pointer {
		element = element.Elem()
	}
	return goJSONType(element) == federation.Array
}

// combine returns the JSON type and the form of values of a Go type in a column of an SQL type.
func combine(
	goType reflect.Type, in sqlType, declared string,
) (federation.Type, Form, error) {
	want := goJSONType(goType)
	have, known := jsonForms[in.name]
	switch {
	case !known: // an enum, a domain or a type of an extension; Open looks at what it is
		if want == federation.Object || want == federation.Array {
			return "", Plain, mismatch(goType, federation.String, declared)
		}
		if want == unknownType || want == federation.Any {
			want = federation.String
		}
		return want, Plain, nil
	case have.json == federation.Any:
		if want == unknownType || isRawJSON(goType) {
			want = federation.Any
		}
		return want, Plain, nil
	case want == have.json, want == unknownType, want == federation.Any:
		return have.json, have.form, nil
	case want == federation.String && isScalarJSON(have.json):
		if have.form == Money {
			return want, MoneyText, nil
		}
		return want, Text, nil
	case want == federation.Integer && have.json == federation.Number,
		want == federation.Number && have.json == federation.Integer:
		return federation.Integer, have.form, nil
	case implements[driver.Valuer](goType):
		return have.json, have.form, nil // it stores something else than it marshals to
	}
	return "", Plain, mismatch(goType, have.json, declared)
}

// isRawJSON reports whether the Go type holds JSON that it doesn't interpret, or stores other
// JSON than it marshals to.
func isRawJSON(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	marshals := implements[json.Marshaler](t) || implements[encoding.TextMarshaler](t)
	return isBytes(t) && !marshals || implements[driver.Valuer](t)
}

func isScalarJSON(t federation.Type) bool {
	return t == federation.Integer || t == federation.Number || t == federation.Boolean
}

// mismatch returns the error for a column whose two types have different JSON.
func mismatch(goType reflect.Type, have federation.Type, declared string) error {
	return fmt.Errorf("values of the Go type %s can't be read from the JSON of the SQL type %s,"+
		" which is %q: declare another type (jsonb holds any value), or take the column out of"+
		" the model", goType, declared, have)
}
