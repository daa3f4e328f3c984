package localpath_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/internal/localpath"
)

var local = []string{"/", "/a", "/a/b?c=d", "/a?next=//other.test", "/a#b", "/%C3%A9",
	"/a/../b"}

var foreign = []string{"", "a", "?a=b", "//evil.test", "///evil.test", `/\evil.test`, `\/evil.test`,
	"/%2f%2fevil.test", "/%2fevil.test", "/%252fevil.test", "/%5cevil.test", "/%255cevil.test",
	"/\t/evil.test", "/\n/evil.test", "/%09/evil.test", "/a b", "/a\x00", "/a?b\r\nSet-Cookie: c",
	"https://evil.test", "https:evil.test", "javascript:alert(1)", "//user@evil.test/", "/..//evil.test",
	"/%zz", "/" + strings.Repeat("a", 2048)}

func TestPathsOfThisHostAreAccepted(t *testing.T) {
	t.Parallel()
	for _, s := range local {
		require.True(t, localpath.Is(s), s)
	}
}

func TestAddressesThatCouldLeaveTheHostAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range foreign {
		require.False(t, localpath.Is(s), s)
	}
}

// leavesTheHost reads an address as browsers do (WHATWG URL, section 4.4): it removes control
// characters and spaces at both ends and all tabs and line ends, and reads a backslash as a
// slash.
func leavesTheHost(to string) bool {
	to = strings.TrimFunc(to, func(r rune) bool { return r <= ' ' })
	to = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(to)
	return !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")
}

// FuzzIs checks that a browser stays on this host with every accepted text, even if a proxy
// has decoded its escapes.
func FuzzIs(f *testing.F) {
	for _, s := range append(local, foreign...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !localpath.Is(s) {
			return
		}
		path, _, _ := strings.Cut(s, "?")
		once, err := url.PathUnescape(path)
		require.NoError(t, err, "%q", s)
		require.False(t, leavesTheHost(s) || leavesTheHost(once) || strings.ContainsAny(s, "\r\n"),
			"%q is taken for a path of this host", s)
	})
}
