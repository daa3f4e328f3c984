package site

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Page is an answer to a browser.
type Page struct {
	Status int
	Header http.Header
	Body   []byte
	URL    *url.URL   // after redirects
	Root   *html.Node // the document

	t testing.TB
}

func newPage(t testing.TB, at *url.URL, res *http.Response, body []byte) *Page {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(body))
	require.NoError(t, err)
	return &Page{Status: res.StatusCode, Header: res.Header, Body: body, URL: at, Root: root, t: t}
}

// Want requires the status.
func (p *Page) Want(status int) *Page {
	p.t.Helper()
	require.Equal(p.t, status, p.Status, "%s: %s", p.URL, p.Text())
	return p
}

// Path returns the path and the query of the page.
func (p *Page) Path() string { return p.URL.RequestURI() }

// Text returns what a reader sees, with single spaces, without the values of inputs.
func (p *Page) Text() string {
	body := p.Find(func(n *html.Node) bool { return n.DataAtom == atom.Body })
	if body == nil {
		return ""
	}
	return Text(body)
}

// Main returns the text of the page's content, without what is around it on each page.
func (p *Page) Main() string {
	p.t.Helper()
	main := p.Find(func(n *html.Node) bool { return n.DataAtom == atom.Main })
	require.NotNil(p.t, main, "%s", p.Body)
	return Text(main)
}

// Find returns the first element for which f is true, or nil.
func (p *Page) Find(f func(*html.Node) bool) *html.Node {
	for n := range p.Root.Descendants() {
		if n.Type == html.ElementNode && f(n) {
			return n
		}
	}
	return nil
}

// All returns the elements with a tag.
func (p *Page) All(tag atom.Atom) []*html.Node {
	var all []*html.Node
	for n := range p.Root.Descendants() {
		if n.Type == html.ElementNode && n.DataAtom == tag {
			all = append(all, n)
		}
	}
	return all
}

// ByID returns the element with an id, which must exist.
func (p *Page) ByID(id string) *html.Node {
	p.t.Helper()
	n := p.Find(func(n *html.Node) bool { return Attr(n, "id") == id })
	require.NotNil(p.t, n, "%s has no element %q", p.URL, id)
	return n
}

// FieldError returns the text of the error next to a field; "" if there is none.
func (p *Page) FieldError(name string) string {
	n := p.Find(func(n *html.Node) bool { return Attr(n, "id") == "f-"+name+"-error" })
	if n == nil {
		return ""
	}
	return Text(n)
}

// Link returns the path of the first link with this text, which must exist.
func (p *Page) Link(text string) string {
	p.t.Helper()
	for _, a := range p.All(atom.A) {
		if Text(a) == text {
			to, err := p.URL.Parse(Attr(a, "href"))
			require.NoError(p.t, err)
			return to.RequestURI()
		}
	}
	require.Fail(p.t, "no link "+text, "%s: %s", p.URL, p.Text())
	return ""
}

// Links returns the paths of all links, as they are written.
func (p *Page) Links() []string {
	var all []string
	for _, a := range p.All(atom.A) {
		all = append(all, Attr(a, "href"))
	}
	return all
}

// HasLink reports whether a link leads to exactly this path.
func (p *Page) HasLink(path string) bool { return slices.Contains(p.Links(), path) }

// Attr returns the value of an attribute, or "".
func Attr(n *html.Node, name string) string {
	value, _ := attr(n, name)
	return value
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// Text returns the text of an element with single spaces.
func Text(n *html.Node) string {
	var b strings.Builder
	addText(&b, n)
	return strings.Join(strings.Fields(b.String()), " ")
}

func addText(b *strings.Builder, n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		b.WriteString(n.Data)
	case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Textarea:
		return
	}
	for c := range n.ChildNodes() {
		addText(b, c)
	}
	if inline := []atom.Atom{atom.A, atom.B, atom.Code, atom.Em, atom.Span, atom.Strong, atom.Q}; n.Type ==
		html.ElementNode && !slices.Contains(inline, n.DataAtom) {
		b.WriteByte(' ')
	}
}
