// Package querystring reads the query strings of the API's routes strictly.
package querystring

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The bounds of a list's parameters.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
	MaxSearch    = 256 // characters

	MaxValues = 32   // of a repeatable parameter that doesn't say otherwise
	MaxNames  = 1000 // of an export
)

// Parameter is a parameter that a route declares.
type Parameter struct {
	Name      string
	MaxValues int // 1 unless it is repeatable
}

// Values is a query string, checked against the parameters that its route declares.
type Values url.Values

// Parse parses a query string strictly. An undeclared parameter, a second value of
// a parameter that isn't repeatable, and text with control characters or invalid UTF-8
// are [tenancy.CodeInvalid] with the parameter's name.
func Parse(raw string, declared []Parameter) (Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, tenancy.Errorf(tenancy.CodeInvalid,
			"the query string must be percent-encoded name=value pairs joined by &").Because(err)
	}
	for name, texts := range values {
		i := slices.IndexFunc(declared, func(p Parameter) bool { return p.Name == name })
		switch {
		case i < 0:
			return nil, Invalid(name, "is unknown")
		case len(texts) > 1 && declared[i].MaxValues <= 1:
			return nil, Invalid(name, "appears more than once")
		case len(texts) > declared[i].MaxValues:
			return nil, Invalid(name,
				"appears more than "+strconv.Itoa(declared[i].MaxValues)+" times")
		case slices.ContainsFunc(texts, isNotPlainText):
			return nil, Invalid(name, "must be UTF-8 without control characters")
		}
	}
	return Values(values), nil
}

// Lenient parses a query string without the parameters that aren't declared.
func Lenient(raw string, declared []Parameter) (Values, error) {
	values, _ := url.ParseQuery(raw)
	maps.DeleteFunc(values, func(name string, _ []string) bool {
		return !slices.ContainsFunc(declared, func(p Parameter) bool { return p.Name == name })
	})
	return Parse(values.Encode(), declared)
}

// isNotPlainText reports whether s has invalid UTF-8 or control characters, which no
// name contains and which databases refuse.
func isNotPlainText(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// Invalid returns an error about a query parameter. The name is the caller's
// text, so the message quotes and shortens it.
func Invalid(name, detail string) *tenancy.Error {
	const longest = 64 // bytes
	if len(name) > longest {
		name = name[:longest] + "…"
	}
	return tenancy.Errorf(tenancy.CodeInvalid, "the query parameter %q %s", name, detail)
}

// Text returns the value of a parameter, "" without one.
func (q Values) Text(name string) string { return url.Values(q).Get(name) }

// Has reports whether the query has the parameter, even with an empty value.
func (q Values) Has(name string) bool { return url.Values(q).Has(name) }

// Limit returns the page size.
func (q Values) Limit() (int, error) {
	if !q.Has("limit") {
		return DefaultLimit, nil
	}
	n, err := strconv.Atoi(q.Text("limit"))
	if err != nil || n < 1 || n > MaxLimit || strconv.Itoa(n) != q.Text("limit") {
		return 0, Invalid("limit", "must be an integer from 1 to 1000")
	}
	return n, nil
}

// Search returns the parameter q.
func (q Values) Search() (string, error) {
	text := q.Text("q")
	if utf8.RuneCountInString(text) > MaxSearch {
		return "", Invalid("q", "must have at most 256 characters")
	}
	return text, nil
}

// Labels returns the repeatable parameter label=key=value; nil without one.
func (q Values) Labels() (map[string]string, error) {
	pairs := q["label"]
	if len(pairs) == 0 {
		return nil, nil
	}
	labels := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		key = federation.NormalName(key)
		if !ok || key == "" {
			return nil, Invalid("label", "must have the form key=value")
		}
		if _, exists := labels[key]; exists {
			return nil, Invalid("label", "must not have the same key twice")
		}
		labels[key] = value
	}
	return labels, nil
}

// Names returns the repeatable parameter name: names of items in normal form.
func (q Values) Names() ([]string, error) {
	var names []string
	for _, text := range q["name"] {
		name := federation.NormalName(text)
		if err := tenancy.CheckName(name); err != nil {
			return nil, Invalid("name", "must have names: "+err.(*tenancy.Error).Message)
		}
		names = append(names, name)
	}
	return names, nil
}

// Boolean returns a parameter that is true or false; false without it.
func (q Values) Boolean(name string) (bool, error) {
	if !q.Has(name) {
		return false, nil
	}
	switch q.Text(name) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, Invalid(name, "must be true or false")
}

// CursorScope identifies the query of a list for its cursors: every parameter except
// cursor and limit.
func (q Values) CursorScope() []string {
	var scope []string
	for name, values := range q {
		if name == "cursor" || name == "limit" {
			continue
		}
		for _, value := range values {
			scope = append(scope, name+"="+value)
		}
	}
	slices.Sort(scope)
	return scope
}
