package federation

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// check validates a value that is in canonical form and isn't null.
func (f Field) check(p *problems, path jsontext.Pointer, value json.RawMessage) {
	if f.Secret {
		specSecret{field: f.Name, path: path, value: value}.parse(p)
		return
	}
	if f.Type == Integer {
		f.checkInteger(p, path, value)
		return
	}
	if f.Format == Float && isFloatName(value) {
		return
	}
	if !f.Type.admits(valueKind(value)) {
		p.invalid(path, "must be %s", f.Type.withArticle())
		return
	}
	if len(f.Enum) == 0 {
		return
	}
	if s, _ := unquote(value); !slices.Contains(f.Enum, s) {
		p.invalid(path, "must be one of %s", strings.Join(f.Enum, ", "))
	}
}

func (f Field) checkInteger(p *problems, path jsontext.Pointer, value json.RawMessage) {
	if valueKind(value) != jsontext.KindNumber {
		p.invalid(path, "must be an integer")
		return
	}
	// The canonical form of whole numbers below 1e21 has no point and no
	// exponent. Larger numbers don't fit into an int64.
	n, err := strconv.ParseInt(string(value), 10, 64)
	switch {
	case err != nil:
		p.invalid(path, "must be a 64-bit integer")
	case f.Minimum != nil && n < *f.Minimum:
		p.invalid(path, "must be at least %d", *f.Minimum)
	case f.Maximum != nil && n > *f.Maximum:
		p.invalid(path, "must be at most %d", *f.Maximum)
	}
}

// admits reports whether a JSON value of this kind can have the type. An Integer
// has further conditions; see checkInteger.
func (t Type) admits(kind jsontext.Kind) bool {
	switch t {
	case String:
		return kind == jsontext.KindString
	case Number, Integer:
		return kind == jsontext.KindNumber
	case Boolean:
		return kind == jsontext.KindTrue || kind == jsontext.KindFalse
	case Array:
		return kind == jsontext.KindBeginArray
	case Object:
		return kind == jsontext.KindBeginObject
	default:
		return t == Any
	}
}

// withArticle returns the type's name with its article: "an object".
func (t Type) withArticle() string {
	if strings.ContainsRune("aeiou", rune(t[0])) {
		return "an " + string(t)
	}
	return "a " + string(t)
}

// unquote returns the text of a JSON string; ok is false for any other value.
func unquote(raw json.RawMessage) (s string, ok bool) {
	if valueKind(raw) != jsontext.KindString {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	return string(text), err == nil
}

// messageOf returns the message of a [tenancy.Error] without its code.
func messageOf(err error) string {
	if e, ok := errors.AsType[*tenancy.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
