package declare

import (
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
)

// unknownType is the JSON type of a Go type that doesn't tell it, such as any.
const unknownType federation.Type = ""

// goJSONType returns the type of the JSON that values of a Go type marshal to.
func goJSONType(t reflect.Type) federation.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if value, ok := nullableValue(t); ok {
		return goJSONType(value)
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return federation.String
	case t == reflect.TypeFor[json.RawMessage]():
		return federation.Any
	case implements[json.Marshaler](t):
		return marshaledType(t)
	case implements[encoding.TextMarshaler](t):
		return federation.String
	case implements[driver.Valuer](t):
		return valuedType(t)
	}
	switch kind := t.Kind(); {
	case kind == reflect.String, isBytes(t):
		return federation.String
	case kind == reflect.Bool:
		return federation.Boolean
	case kind >= reflect.Int && kind <= reflect.Uint64:
		return federation.Integer
	case kind == reflect.Float32, kind == reflect.Float64:
		return federation.Number
	case kind == reflect.Slice, kind == reflect.Array:
		return federation.Array
	case kind == reflect.Map, kind == reflect.Struct:
		return federation.Object
	}
	return unknownType
}

// isBytes reports whether t is a slice or an array of bytes, which is one value.
func isBytes(t reflect.Type) bool {
	return (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) &&
		t.Elem().Kind() == reflect.Uint8
}

// nullableValue returns the type of the value in one of database/sql's types for values that
// may be NULL, such as sql.NullString and sql.Null[T]. Their first field is the value.
func nullableValue(t reflect.Type) (reflect.Type, bool) {
	if t.PkgPath() != "database/sql" || !strings.HasPrefix(t.Name(), "Null") {
		return nil, false
	}
	return t.Field(0).Type, true
}

// implements reports whether values of t, or pointers to them, have the methods of I.
func implements[I any](t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[I]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[I]())
}

// marshaledType returns the type of the JSON that a [json.Marshaler] makes.
func marshaledType(t reflect.Type) (found federation.Type) {
	if implements[encoding.TextMarshaler](t) && t.Kind() == reflect.Struct &&
		!marshalsNumber(t) {
		return federation.String
	}
	return sampleType(t, func(sample any) federation.Type {
		raw, err := json.Marshal(sample)
		if err != nil {
			return unknownType
		}
		return typeOfJSON(raw)
	})
}

// marshalsNumber reports whether the zero value of t is a JSON number, as that of big.Int.
func marshalsNumber(t reflect.Type) bool {
	raw, err := json.Marshal(reflect.New(t).Interface())
	return err == nil && typeOfJSON(raw) == federation.Number
}

// valuedType returns the JSON type of the values that a [driver.Valuer] stores.
func valuedType(t reflect.Type) federation.Type {
	return sampleType(t, func(sample any) federation.Type {
		value, err := sample.(driver.Valuer).Value()
		if err != nil {
			return unknownType
		}
		switch value.(type) {
		case string, time.Time:
			return federation.String
		case int64:
			return federation.Integer
		case float64:
			return federation.Number
		case bool:
			return federation.Boolean
		}
		return unknownType // also bytes, which may be JSON or a text
	})
}

// sampleType asks a pointer to a zero value for its type, and if that is null, one with the
// field Valid set to true, which most types for values that may be NULL have.
func sampleType(t reflect.Type, ask func(any) federation.Type) (found federation.Type) {
	defer func() {
		if recover() != nil { // a method that needs a value that is made properly
			found = unknownType
		}
	}()
	sample := reflect.New(t)
	if found = ask(sample.Interface()); found != unknownType || t.Kind() != reflect.Struct {
		return found
	}
	valid := sample.Elem().FieldByName("Valid")
	if !valid.IsValid() || valid.Kind() != reflect.Bool || !valid.CanSet() {
		return unknownType
	}
	valid.SetBool(true)
	return ask(sample.Interface())
}

// typeOfJSON returns the type of a JSON value; unknown for null.
func typeOfJSON(raw []byte) federation.Type {
	switch raw[0] {
	case '"':
		return federation.String
	case '{':
		return federation.Object
	case '[':
		return federation.Array
	case 't', 'f':
		return federation.Boolean
	case 'n':
		return unknownType
	}
	return federation.Number
}
