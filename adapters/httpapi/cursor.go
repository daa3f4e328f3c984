package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A cursor is base64url of a version byte, a tag and the places where the next
// page begins, one for each list that is paged together. The tag is a hash over
// the places and the list that they belong to: tenant, route and query. It is no
// signature, because there is nothing to protect: whoever makes one up asks for
// a page of a list which they may read from the start, since the tenant whose
// list is read is the resolved one and never the cursor's. What the tag does is
// to catch every cursor that was meant for another list.
const (
	cursorVersion = 1
	cursorTag     = 16   // bytes
	maxCursor     = 8192 // characters
)

// positionSeparator stands in no place: names have no control characters.
const positionSeparator = "\x00"

var errCursor = tenancy.Errorf(tenancy.CodeInvalidCursor,
	"the cursor doesn't belong to this list: repeat the request that gave it, or begin without one")

// encodeCursor makes the cursor for the places after in the list that scope
// names.
func encodeCursor(scope []string, after ...string) string {
	joined := strings.Join(after, positionSeparator)
	b := append([]byte{cursorVersion}, cursorHash(scope, joined)...)
	return base64.RawURLEncoding.EncodeToString(append(b, joined...))
}

// decodeCursor gives the n places that a cursor of the list scope holds. No cursor
// is the beginning, "" everywhere. Anything else is
// [tenancy.CodeInvalidCursor], and so is a place that no name can be: with a tag
// that fits, it is made up.
func decodeCursor(scope []string, cursor string, n int) (after []string, err error) {
	if cursor == "" {
		return make([]string, n), nil
	}
	if len(cursor) > maxCursor {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) <= 1+cursorTag || b[0] != cursorVersion {
		return nil, errCursor
	}
	joined := string(b[1+cursorTag:])
	if !bytes.Equal(b[1:1+cursorTag], cursorHash(scope, joined)) {
		return nil, errCursor
	}
	after = strings.Split(joined, positionSeparator)
	if len(after) != n || slices.ContainsFunc(after, isNotPlainText) {
		return nil, errCursor
	}
	return after, nil
}

// cursorHash hashes each part behind its length, so that no two lists of parts
// give the same bytes.
func cursorHash(scope []string, after string) []byte {
	h := sha256.New()
	for _, part := range append(scope[:len(scope):len(scope)], after) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:cursorTag]
}
