package promote

import (
	"context"
	"strconv"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// maxName is how many characters a name may have; see [tenancy.CheckName].
const maxName = 256

// namer gives out free names: NAME-2, NAME-3 and so on, the base cut where the
// name would become too long.
type namer struct {
	imp  ports.Import
	next map[nameSeries]int
}

// nameSeries is a row of names that differ in their number alone. Names that are
// equal in their first characters, when cut, come to the same series, so the
// namer goes on where it was instead of asking for each number again.
type nameSeries struct {
	kind, base string
	digits     int
}

// freeName answers the first name for ref that neither the target nor the bundle
// has and that wasn't given out before.
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

// truncate answers at most the first n characters of s.
func truncate(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
