package viewtest_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

const (
	hostile = `</script><script>alert(1)</script>"'<img src=x onerror=alert(1)>&amp;{{.}}`
	address = "javascript:alert(1)"
)

// forEach renders each model and checks the page.
func forEach(t *testing.T, make func(view.Model) view.Model) {
	for _, m := range models {
		t.Run(reflect.TypeOf(m).Name(), func(t *testing.T) {
			t.Parallel()
			page, err := view.Render(make(m))
			require.NoError(t, err)
			require.NotContains(t, string(page), "<script>alert")
			root, err := html.Parse(bytes.NewReader(page))
			require.NoError(t, err)
			check(t, root)
		})
	}
}

func TestEmptyModelsRender(t *testing.T) {
	t.Parallel()
	forEach(t, func(m view.Model) view.Model { return m })
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	forEach(t, func(m view.Model) view.Model { return (&filler{text: hostile}).model(m) })
}

func TestAddressesOfScriptsAreNoLinks(t *testing.T) {
	t.Parallel()
	forEach(t, func(m view.Model) view.Model { return (&filler{text: address}).model(m) })
}

// check requires that nothing of a page runs or shows anything from data, and that labels and
// descriptions find their elements.
func check(t *testing.T, root *html.Node) {
	t.Helper()
	ids := map[string]bool{}
	for n := range root.Descendants() {
		if id := attr(n, "id"); id != "" {
			require.False(t, ids[id], "two elements have the id %q", id)
			ids[id] = true
		}
	}
	scripts := 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.DataAtom == atom.Script {
			scripts++
			require.Nil(t, n.FirstChild, "a script is inline")
		}
		require.NotEqual(t, atom.Img, n.DataAtom, "a text became an element")
		checkAttributes(t, n)
		checkReferences(t, n, ids)
	}
	require.Equal(t, 1, scripts)
}

func checkAttributes(t *testing.T, n *html.Node) {
	t.Helper()
	for _, a := range n.Attr {
		require.NotEqual(t, "style", a.Key)
		require.False(t, strings.HasPrefix(a.Key, "on"), "<%s %s>", n.Data, a.Key)
		require.NotContains(t, a.Key, `"`)
		if slices.Contains([]string{"href", "action", "src", "formaction"}, a.Key) {
			require.NotContains(t, strings.ToLower(a.Val), "javascript:", "<%s %s>", n.Data, a.Key)
		}
	}
}

func checkReferences(t *testing.T, n *html.Node, ids map[string]bool) {
	t.Helper()
	if n.DataAtom == atom.Label && attr(n, "for") != "" {
		require.True(t, ids[attr(n, "for")], "a label is for %q", attr(n, "for"))
	}
	for _, name := range []string{"aria-describedby", "aria-labelledby", "aria-controls"} {
		for id := range strings.FieldsSeq(attr(n, name)) {
			require.True(t, ids[id], "%s is %q", name, id)
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
