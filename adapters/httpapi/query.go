package httpapi

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

const (
	defaultLimit = 100
	maxLimit     = 1000
	maxSearch    = 256 // characters
	maxFilters   = 32  // values of one repeatable parameter
)

// query is a query string, checked against the parameters that the operation
// declares.
type query url.Values

// readQuery parses a query string strictly. An undeclared parameter, a second value of
// a parameter that isn't repeatable, and text with control characters or invalid UTF-8
// are [tenancy.CodeInvalid] with the parameter's name.
func readQuery(raw string, declared []parameter) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, tenancy.Errorf(tenancy.CodeInvalid,
			"the query string must be percent-encoded name=value pairs joined by &").Because(err)
	}
	for name, texts := range values {
		i := slices.IndexFunc(declared, func(p parameter) bool { return p.name == name })
		switch {
		case i < 0:
			return nil, invalidParameter(name, "is unknown")
		case len(texts) > 1 && !declared[i].repeatable:
			return nil, invalidParameter(name, "appears more than once")
		case len(texts) > maxFilters:
			return nil, invalidParameter(name,
				"appears more than "+strconv.Itoa(maxFilters)+" times")
		case slices.ContainsFunc(texts, isNotPlainText):
			return nil, invalidParameter(name, "must be UTF-8 without control characters")
		}
	}
	return query(values), nil
}

// readQuery parses the query string of a call of the operation.
func (op operation) readQuery(raw string) (query, error) {
	if op.allowUnknownParams {
		values, _ := url.ParseQuery(raw)
		maps.DeleteFunc(values, func(name string, _ []string) bool {
			return !slices.ContainsFunc(op.params, func(p parameter) bool { return p.name == name })
		})
		raw = values.Encode()
	}
	return readQuery(raw, op.params)
}

// isNotPlainText reports whether s has invalid UTF-8 or control characters, which no
// name contains and which databases refuse.
func isNotPlainText(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// invalidParameter returns an error about a query parameter. The name is the caller's
// text, so the message quotes and shortens it.
func invalidParameter(name, detail string) *tenancy.Error {
	const longest = 64 // bytes
	if len(name) > longest {
		name = name[:longest] + "…"
	}
	return tenancy.Errorf(tenancy.CodeInvalid, "the query parameter %q %s", name, detail)
}

// text returns the value of a parameter, "" without one.
func (q query) text(name string) string { return url.Values(q).Get(name) }

// has reports whether the query has the parameter, even with an empty value.
func (q query) has(name string) bool { return url.Values(q).Has(name) }

// limit returns the page size.
func (q query) limit() (int, error) {
	if !q.has("limit") {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(q.text("limit"))
	if err != nil || n < 1 || n > maxLimit || strconv.Itoa(n) != q.text("limit") {
		return 0, invalidParameter("limit", "must be an integer from 1 to 1000")
	}
	return n, nil
}

// search returns the parameter q.
func (q query) search() (string, error) {
	text := q.text("q")
	if utf8.RuneCountInString(text) > maxSearch {
		return "", invalidParameter("q", "must have at most 256 characters")
	}
	return text, nil
}

// labels returns the repeatable parameter label=key=value; nil without one.
func (q query) labels() (map[string]string, error) {
	pairs := q["label"]
	if len(pairs) == 0 {
		return nil, nil
	}
	labels := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		key = federation.NormalName(key)
		if !ok || key == "" {
			return nil, invalidParameter("label", "must have the form key=value")
		}
		if _, exists := labels[key]; exists {
			return nil, invalidParameter("label", "must not have the same key twice")
		}
		labels[key] = value
	}
	return labels, nil
}

// boolean returns a parameter that is true or false; false without it.
func (q query) boolean(name string) (bool, error) {
	if !q.has(name) {
		return false, nil
	}
	switch q.text(name) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, invalidParameter(name, "must be true or false")
}

// cursorScope identifies the query of a list for its cursors: every parameter except
// cursor and limit.
func (q query) cursorScope() []string {
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
