package walk

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// document is a parsed page.
type document struct {
	root   *html.Node
	links  []link
	forms  []form
	topbar string // the text of the top bar
}

// link is something that the page leads to or loads.
type link struct {
	target   string // as it is in the page
	tag      string
	switcher bool // it is in the menu of tenants
}

// form is a form with its fields.
type form struct {
	action, method string
	upload, danger bool
	fields         []field
}

// field is an input of a form.
type field struct {
	name, kind, value string
	required, checked bool
	options           []string
}

func parse(body string) (*document, error) {
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	d := &document{root: root}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			d.add(n)
		}
	}
	d.addKinds()
	return d, nil
}

// linkAttributes are the attributes with a path. The pages' script reads the last two.
var linkAttributes = []string{"href", "src", "data-search", "data-proposals"}

func (d *document) add(n *html.Node) {
	for _, name := range linkAttributes {
		if _, byKind := attr(n, "data-kind"); byKind {
			continue // see addKinds
		}
		if target, ok := attr(n, name); ok {
			d.links = append(d.links, link{target: target, tag: n.Data, switcher: isInSwitcher(n)})
		}
	}
	switch {
	case n.Data == "form":
		d.forms = append(d.forms, readForm(n))
	case n.Data == "header" && hasClass(n, "top"):
		d.topbar = text(n)
	}
}

// addKinds adds the paths that the pages' script asks for proposals of the kind that another
// field says.
func (d *document) addKinds() {
	for n := range d.root.Descendants() {
		kind, ok := attr(n, "data-kind")
		for _, f := range d.forms {
			for _, x := range f.fields {
				for _, value := range x.options {
					if ok && x.name == kind && value != "" {
						d.links = append(d.links, link{target: get(n, "data-proposals") + value, tag: n.Data})
					}
				}
			}
		}
	}
}

func readForm(n *html.Node) form {
	f := form{action: get(n, "action"), method: strings.ToUpper(get(n, "method")),
		upload: get(n, "enctype") == "multipart/form-data"}
	if f.method == "" {
		f.method = "GET"
	}
	for c := range n.Descendants() {
		if c.Type != html.ElementNode {
			continue
		}
		if c.Data == "button" {
			f.danger = f.danger || hasClass(c, "danger")
		}
		if field, ok := readField(c); ok {
			f.fields = append(f.fields, field)
		}
	}
	return f
}

// readField returns the field that an element is. Without a name it isn't sent.
func readField(n *html.Node) (field, bool) {
	f := field{name: get(n, "name"), kind: n.Data, value: get(n, "value")}
	_, f.required = attr(n, "required")
	_, f.checked = attr(n, "checked")
	switch n.Data {
	case "input":
		f.kind = get(n, "type")
	case "textarea":
		f.value = text(n)
	case "select":
		f.options, f.value = readOptions(n)
	case "button":
	default:
		return f, false
	}
	return f, f.name != ""
}

func readOptions(n *html.Node) (options []string, selected string) {
	for c := range n.Descendants() {
		if c.Type != html.ElementNode || c.Data != "option" {
			continue
		}
		value, ok := attr(c, "value")
		if !ok {
			value = text(c)
		}
		if _, ok := attr(c, "selected"); ok || len(options) == 0 {
			selected = value
		}
		options = append(options, value)
	}
	return options, selected
}

// has reports whether the form has a field with this value.
func (f form) has(name, value string) bool {
	return slices.ContainsFunc(f.fields, func(x field) bool { return x.name == name && x.value == value })
}

// names returns the names of the fields.
func (f form) names() string {
	var names []string
	for _, x := range f.fields {
		names = append(names, x.name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// isLocal reports whether target is on the pages' host.
func isLocal(target string) bool {
	u, err := url.Parse(target)
	return err == nil && u.Host == "" && u.Scheme == "" && u.Opaque == "" &&
		!strings.HasPrefix(target, "//") && !strings.Contains(target, `\`)
}

func isInSwitcher(n *html.Node) bool {
	for a := range n.Ancestors() {
		if a.Data == "details" && hasClass(a, "switcher") {
			return true
		}
	}
	return false
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func get(n *html.Node, name string) string {
	value, _ := attr(n, name)
	return value
}

func hasClass(n *html.Node, class string) bool {
	return slices.Contains(strings.Fields(get(n, "class")), class)
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}
