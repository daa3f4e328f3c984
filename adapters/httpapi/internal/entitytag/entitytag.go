// Package entitytag reads lists of entity tags in the headers of conditional requests.
package entitytag

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// List is a parsed If-Match or If-None-Match header.
type List struct {
	Present  bool
	Wildcard bool     // *
	list     []string // each with its quotes, and with W/ if it is weak
}

// Read parses the header name. A value that RFC 9110 doesn't allow is
// [tenancy.CodeInvalid].
func Read(h http.Header, name string) (List, error) {
	values := h.Values(name)
	if len(values) == 0 {
		return List{}, nil
	}
	text := strings.TrimSpace(strings.Join(values, ","))
	if text == "*" {
		return List{Present: true, Wildcard: true}, nil
	}
	list, ok := splitTags(text)
	if !ok {
		return List{}, tenancy.Errorf(tenancy.CodeInvalid,
			`the header %s must be * or a list of entity tags such as "a1b2"`, name)
	}
	return List{Present: true, list: list}, nil
}

// splitTags splits a list of entity tags at its commas. Empty elements are allowed (RFC
// 9110, section 5.6.1), but not an empty list. A comma within quotes is part of the
// tag.
func splitTags(text string) (list []string, ok bool) {
	for {
		text = strings.TrimLeft(text, " \t,")
		if text == "" {
			return list, len(list) > 0
		}
		length := tagLength(text)
		if length == 0 {
			return nil, false
		}
		list = append(list, text[:length])
		text = strings.TrimLeft(text[length:], " \t")
		if text != "" && text[0] != ',' {
			return nil, false
		}
	}
}

// tagLength returns the length of the tag at the start of text, 0 if there is none.
func tagLength(text string) int {
	start := 0
	if strings.HasPrefix(text, "W/") {
		start = 2
	}
	if len(text) <= start || text[start] != '"' {
		return 0
	}
	for i := start + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c < 0x21 || c == 0x7f:
			return 0
		}
	}
	return 0
}

// Matches reports whether the strong tag is among the tags: the comparison for If-Match,
// in which a weak tag matches nothing.
func (t List) Matches(tag string) bool { return t.Wildcard || slices.Contains(t.list, tag) }

// MatchesWeakly reports whether tag is among the tags, strong or weak: the comparison for
// If-None-Match of a GET.
func (t List) MatchesWeakly(tag string) bool {
	return t.Matches(tag) || slices.Contains(t.list, "W/"+tag)
}
