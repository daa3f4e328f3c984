// Package cursor encodes and decodes the cursors of lists that come in pages.
package cursor

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A cursor is base64url of a version byte, a tag and positions: the keys after which
// the next page begins, one for each list that is paged together. The tag is a hash
// over the positions and their list: tenant, route and query. It isn't a signature,
// because there is nothing to protect: a forged cursor asks for a page of a list that
// its sender may read from the start, since the list's tenant is always the resolved
// one and never comes from the cursor. The tag detects a cursor of another list.
const (
	version   = 1
	tagBytes  = 16   // bytes
	maxLength = 8192 // characters
)

// positionSeparator is part of no position: PostgreSQL stores no U+0000.
const positionSeparator = "\x00"

// ErrInvalid refuses a text that is no cursor of the list.
var ErrInvalid = tenancy.Errorf(tenancy.CodeInvalidCursor,
	"the cursor doesn't belong to this list: send it with the query that returned it, or start"+
		" without a cursor")

// Encode returns the cursor of the positions after in the list that scope
// names.
func Encode(scope []string, after ...string) string {
	joined := strings.Join(after, positionSeparator)
	b := append([]byte{version}, hash(scope, joined)...)
	return base64.RawURLEncoding.EncodeToString(append(b, joined...))
}

// Decode returns the n positions in a cursor of the list that scope names. An
// empty cursor means the start of every list: n times "". Any other text is
// [tenancy.CodeInvalidCursor], even with a correct tag if a position isn't UTF-8: such a
// cursor is forged. A position may be a name that no resource can be created with.
func Decode(scope []string, cursor string, n int) (after []string, err error) {
	if cursor == "" {
		return make([]string, n), nil
	}
	if len(cursor) > maxLength {
		return nil, ErrInvalid
	}
	// Strict refuses unused bits, and the query has refused line ends: a cursor has exactly
	// one valid text.
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) <= 1+tagBytes || b[0] != version {
		return nil, ErrInvalid
	}
	joined := string(b[1+tagBytes:])
	if !bytes.Equal(b[1:1+tagBytes], hash(scope, joined)) {
		return nil, ErrInvalid
	}
	after = strings.Split(joined, positionSeparator)
	if len(after) != n || slices.ContainsFunc(after, isNotUTF8) {
		return nil, ErrInvalid
	}
	return after, nil
}

func isNotUTF8(s string) bool { return !utf8.ValidString(s) }

// hash hashes each part after its length, so that two different lists of parts
// never give the same bytes.
func hash(scope []string, after string) []byte {
	h := sha256.New()
	for _, part := range append(scope[:len(scope):len(scope)], after) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:tagBytes]
}
