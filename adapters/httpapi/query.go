package httpapi

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
	maxSearch    = 256 // characters
	maxFilters   = 32  // values of one repeatable parameter
)

// query is the query string of a request, already held against the parameters
// that the operation declares.
type query url.Values

// readQuery reads a query string strictly. A parameter that isn't declared, one
// that stands there twice without being repeatable, and text that isn't plain
// UTF-8 are [tenancy.CodeInvalid] with the parameter's name.
func readQuery(raw string, declared []parameter) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, tenancy.Errorf(tenancy.CodeInvalid,
			"the query string isn't name=value pairs, percent-encoded and joined by &").Because(err)
	}
	for name, given := range values {
		i := slices.IndexFunc(declared, func(p parameter) bool { return p.name == name })
		switch {
		case i < 0:
			return nil, invalidParameter(name, "there is no such parameter here")
		case len(given) > 1 && !declared[i].repeatable:
			return nil, invalidParameter(name, "it stands there more than once")
		case len(given) > maxFilters:
			return nil, invalidParameter(name, "it stands there too often")
		case slices.ContainsFunc(given, isNotPlainText):
			return nil, invalidParameter(name, "it holds control characters or isn't UTF-8")
		}
	}
	return query(values), nil
}

// readQuery reads the query string of a call of the operation.
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

// isNotPlainText finds what no name can hold and what databases choke on.
func isNotPlainText(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// invalidParameter names a parameter that is wrong. Its name is the caller's
// text, so it is quoted and cut.
func invalidParameter(name, detail string) *tenancy.Error {
	const longest = 64
	if len(name) > longest {
		name = name[:longest] + "…"
	}
	return tenancy.Errorf(tenancy.CodeInvalid, "the query parameter %q: %s", name, detail)
}

// text gives the value of a parameter, "" without one.
func (q query) text(name string) string { return url.Values(q).Get(name) }

// has reports whether the parameter stands there, also without a value.
func (q query) has(name string) bool { return url.Values(q).Has(name) }

// limit is the size of a page.
func (q query) limit() (int, error) {
	if !q.has("limit") {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(q.text("limit"))
	if err != nil || n < 1 || n > maxLimit || strconv.Itoa(n) != q.text("limit") {
		return 0, invalidParameter("limit", "it is a whole number from 1 to 1000")
	}
	return n, nil
}

// search is the parameter q.
func (q query) search() (string, error) {
	text := q.text("q")
	if utf8.RuneCountInString(text) > maxSearch {
		return "", invalidParameter("q", "it has at most 256 characters")
	}
	return text, nil
}

// labels is the repeatable parameter label=key=value; nil without one.
func (q query) labels() (map[string]string, error) {
	given := q["label"]
	if len(given) == 0 {
		return nil, nil
	}
	labels := make(map[string]string, len(given))
	for _, pair := range given {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, invalidParameter("label", "it has the form key=value")
		}
		if _, twice := labels[key]; twice {
			return nil, invalidParameter("label", "one key can have only one value")
		}
		labels[key] = value
	}
	return labels, nil
}

// boolean reads a parameter that is true or false; false without it.
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
	return false, invalidParameter(name, "it is true or false")
}

// cursorScope names the query of a list for its cursors: every parameter but the
// two that say which page.
func (q query) cursorScope() []string {
	var scope []string
	for name, given := range q {
		if name == "cursor" || name == "limit" {
			continue
		}
		for _, value := range given {
			scope = append(scope, name+"="+value)
		}
	}
	slices.Sort(scope)
	return scope
}
