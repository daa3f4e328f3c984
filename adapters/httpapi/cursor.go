package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A cursor is base64url of a version byte, a tag and the place where the next
// page begins. The tag is a hash over the place and the list that it belongs
// to: tenant, route and query. It is no signature, because there is nothing to
// protect: whoever makes one up asks for a page of a list which they may read
// from the start. What it does is to catch every cursor that was meant for
// another list.
const (
	cursorVersion = 1
	cursorTag     = 16   // bytes
	maxCursor     = 8192 // characters
)

var errCursor = tenancy.Errorf(tenancy.CodeInvalidCursor,
	"the cursor doesn't belong to this list: repeat the request that gave it, or begin without one")

// sealCursor makes the cursor for the place after in the list that scope
// names.
func sealCursor(scope []string, after string) string {
	b := append([]byte{cursorVersion}, cursorHash(scope, after)...)
	return base64.RawURLEncoding.EncodeToString(append(b, after...))
}

// openCursor gives the place that a cursor of the list scope holds. No cursor
// is the beginning, "". Anything else is [tenancy.CodeInvalidCursor].
func openCursor(scope []string, cursor string) (after string, err error) {
	if cursor == "" {
		return "", nil
	}
	if len(cursor) > maxCursor {
		return "", errCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) <= 1+cursorTag || b[0] != cursorVersion {
		return "", errCursor
	}
	after = string(b[1+cursorTag:])
	if !bytes.Equal(b[1:1+cursorTag], cursorHash(scope, after)) {
		return "", errCursor
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
