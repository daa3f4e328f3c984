package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// etag returns the strong entity tag of a version (RFC 9110, section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

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
			`the header %s must be * or a list of entity tags such as "3"`, name)
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

// versions returns the versions of the tags. It leaves out weak tags and tags that
// aren't a version: in a strong comparison they match nothing.
func (t entityTags) versions() []int64 {
	var versions []int64
	for _, tag := range t.list {
		v, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
		if err == nil && v > 0 && etag(v) == tag {
			versions = append(versions, v)
		}
	}
	return versions
}

// matchesWeakly reports whether version is among the tags, strong or weak: the
// comparison for If-None-Match of a GET.
func (t entityTags) matchesWeakly(version int64) bool {
	for _, tag := range t.list {
		if strings.TrimPrefix(tag, "W/") == etag(version) {
			return true
		}
	}
	return t.wildcard
}

var errVersion = tenancy.Errorf(tenancy.CodeVersionMismatch,
	"the stored version isn't the one in If-Match: read the item again")
