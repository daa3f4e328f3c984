package promote

import (
	"context"
	"strconv"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// maxName is the maximum length of a name in characters; see [tenancy.CheckName].
const maxName = 256

// namer allocates free names: NAME-2, NAME-3 and so on. It truncates NAME if the
// result would be too long.
type namer struct {
	imp  ports.Import
	next map[nameSeries]int
}

// nameSeries is a set of names that differ only in their number. Long names with
// the same first characters are truncated to the same series, so that the namer
// continues with the next number instead of querying each number again.
type nameSeries struct {
	kind, base string
	digits     int
}

// freeName returns the first name for ref that neither the target nor the bundle
// has and that wasn't allocated before.
func (n *namer) freeName(ctx context.Context, ref federation.Ref) (string, error) {
	first, limit := 2, 10
	for digits := 1; ; digits++ {
		s := nameSeries{kind: ref.Kind, base: truncate(ref.Name, maxName-1-digits), digits: digits}
		for i := max(first, n.next[s]); i < limit; i++ {
			name := s.base + "-" + strconv.Itoa(i)
			n.next[s] = i + 1
			taken, err := n.imp.Exists(ctx, federation.Ref{Kind: ref.Kind, Name: name})
			if err != nil {
				return "", err
			}
			if !taken {
				return name, nil
			}
		}
		first, limit = limit, limit*10
	}
}

// truncate returns the first n characters of s, or s if it is shorter.
func truncate(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
