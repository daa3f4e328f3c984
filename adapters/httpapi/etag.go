package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// entity is a single resource in a response.
type entity struct {
	body []byte
	tag  string // its strong entity tag (RFC 9110, section 8.8.3)
}

// newEntity returns the entity of one tenant with the JSON of shown. Its tag is a hash of
// the tenant and of the whole representation, which has the id and the version: an item
// made anew under its name has another tag, also if an import gives it the same version,
// and so has another tenant's equal item.
func newEntity(tenant tenancy.ID, shown any) (entity, error) {
	body, err := marshal(shown)
	if err != nil {
		return entity{}, err
	}
	const tagBytes = 18 // of the hash: no two representations of an item have the same ones
	sum := sha256.Sum256(append([]byte(tenant.String()), body...))
	return entity{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:tagBytes]) + `"`}, nil
}

// writeEntity writes the resource of a tenant with its tag, or 304 if the tag is among
// those that the caller knows.
func writeEntity(
	w http.ResponseWriter, status int, tenant tenancy.ID, shown any, known entityTags,
) error {
	e, err := newEntity(tenant, shown)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", e.tag)
	if known.matchesWeakly(e.tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeBody(w, status, jsonType, e.body)
}

// entityTags is a parsed If-Match or If-None-Match header.
type entityTags struct {
	present  bool
	wildcard bool     // *
	list     []string // each with its quotes, and with W/ if it is weak
}

// readTags parses the header name. A value that RFC 9110 doesn't allow is
// [tenancy.CodeInvalid].
func readTags(h http.Header, name string) (entityTags, error) {
	values := h.Values(name)
	if len(values) == 0 {
		return entityTags{}, nil
	}
	text := strings.TrimSpace(strings.Join(values, ","))
	if text == "*" {
		return entityTags{present: true, wildcard: true}, nil
	}
	list, ok := splitTags(text)
	if !ok {
		return entityTags{}, tenancy.Errorf(tenancy.CodeInvalid,
			`the header %s must be * or a list of entity tags such as "a1b2"`, name)
	}
	return entityTags{present: true, list: list}, nil
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

// matches reports whether the strong tag is among the tags: the comparison for If-Match,
// in which a weak tag matches nothing.
func (t entityTags) matches(tag string) bool { return t.wildcard || slices.Contains(t.list, tag) }

// matchesWeakly reports whether tag is among the tags, strong or weak: the comparison for
// If-None-Match of a GET.
func (t entityTags) matchesWeakly(tag string) bool {
	return t.matches(tag) || slices.Contains(t.list, "W/"+tag)
}

var errVersion = tenancy.Errorf(tenancy.CodeVersionMismatch,
	"what is stored isn't what If-Match names: read it again")
