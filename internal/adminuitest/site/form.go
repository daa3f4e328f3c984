package site

import (
	"bytes"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Form is a form of a page with what its fields have.
type Form struct {
	Method string // GET or POST
	Action *url.URL
	Upload bool // it is sent as multipart/form-data
	Fields []Field
	Submit string // the text of its first button
}

// Field is a field of a form.
type Field struct {
	Name    string
	Type    string // of an input; else "textarea" or "select"
	Value   string
	Checked bool     // of a checkbox or a radio button
	Options []string // the values of a select
}

// Form returns the form that is sent to an address ending with this path, which must exist.
func (p *Page) Form(path string) Form {
	p.t.Helper()
	for _, f := range p.Forms() {
		if strings.HasSuffix(f.Action.EscapedPath(), path) {
			return f
		}
	}
	require.Fail(p.t, "no form to "+path, "%s: %s", p.URL, p.Text())
	return Form{}
}

// Forms returns all forms of the page.
func (p *Page) Forms() []Form {
	p.t.Helper()
	var forms []Form
	for _, n := range p.All(atom.Form) {
		forms = append(forms, p.readForm(n))
	}
	return forms
}

func (p *Page) readForm(n *html.Node) Form {
	p.t.Helper()
	action, err := p.URL.Parse(Attr(n, "action"))
	require.NoError(p.t, err)
	f := Form{Method: http.MethodGet, Action: action,
		Upload: Attr(n, "enctype") == "multipart/form-data"}
	if strings.EqualFold(Attr(n, "method"), "post") {
		f.Method = http.MethodPost
	}
	for c := range n.Descendants() {
		if field, ok := readField(c); ok {
			f.Fields = append(f.Fields, field)
		}
		if c.DataAtom == atom.Button && f.Submit == "" {
			f.Submit = Text(c)
		}
	}
	return f
}

// readField returns the field that an element is, if it is one with a name.
func readField(n *html.Node) (Field, bool) {
	f := Field{Name: Attr(n, "name"), Value: Attr(n, "value")}
	if _, disabled := attr(n, "disabled"); disabled || f.Name == "" {
		return f, false
	}
	switch n.DataAtom {
	case atom.Input:
		f.Type = Attr(n, "type")
		_, f.Checked = attr(n, "checked")
		if f.box() && f.Value == "" {
			f.Value = "on"
		}
	case atom.Textarea:
		f.Type = "textarea"
		if n.FirstChild != nil {
			f.Value = n.FirstChild.Data
		}
	case atom.Select:
		f.Type = "select"
		f.readOptions(n)
	default:
		return f, false
	}
	return f, true
}

// readOptions reads the options of a select. The first one is chosen unless another is.
func (f *Field) readOptions(n *html.Node) {
	for o := range n.Descendants() {
		if o.DataAtom != atom.Option {
			continue
		}
		value, ok := attr(o, "value")
		if !ok {
			value = Text(o)
		}
		if _, selected := attr(o, "selected"); selected || len(f.Options) == 0 {
			f.Value = value
		}
		f.Options = append(f.Options, value)
	}
}

// box reports whether the field is sent only if it is checked.
func (f *Field) box() bool { return f.Type == "checkbox" || f.Type == "radio" }

// Has reports whether the form has a field.
func (f Form) Has(name string) bool {
	return slices.ContainsFunc(f.Fields, func(field Field) bool { return field.Name == name })
}

// Get returns what is sent of a field, or "".
func (f Form) Get(name string) string { return f.Values().Get(name) }

// Values returns what is sent if nothing is changed. Browsers end lines with CR and LF (HTML,
// section 4.10.22.5).
func (f Form) Values() url.Values {
	values := url.Values{}
	for _, field := range f.Fields {
		if field.box() && !field.Checked || field.Type == "file" {
			continue
		}
		text := strings.ReplaceAll(field.Value, "\r\n", "\n")
		values.Add(field.Name, strings.ReplaceAll(text, "\n", "\r\n"))
	}
	return values
}

// with returns the form with changed fields.
func (f Form) with(t testing.TB, changed map[string]string) Form {
	t.Helper()
	f.Fields = slices.Clone(f.Fields)
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		i := slices.IndexFunc(f.Fields, func(field Field) bool { return field.Name == name })
		require.GreaterOrEqual(t, i, 0, "the form to %s has no field %q", f.Action, name)
		f.Fields[i].set(t, changed[name])
	}
	return f
}

func (f *Field) set(t testing.TB, value string) {
	t.Helper()
	require.NotEqual(t, "hidden", f.Type, "a person can't change the hidden field %q", f.Name)
	if f.Type == "select" {
		require.Contains(t, f.Options, value, "the field %q has no such option", f.Name)
	}
	if f.box() {
		f.Checked = value != ""
		return
	}
	f.Value = value
}

// request returns the request that sends the form.
func (f Form) request(t testing.TB) Request {
	t.Helper()
	to := *f.Action
	if f.Method == http.MethodGet {
		to.RawQuery = f.Values().Encode()
		return Request{Path: to.RequestURI()}
	}
	req := Request{Method: f.Method, Path: to.RequestURI(), Body: f.Values().Encode(), Media: urlencoded}
	if f.Upload {
		req.Body, req.Media = f.multipart(t)
	}
	return req
}

// multipart returns the body of a form with a file, with the fields in their order.
func (f Form) multipart(t testing.TB) (body, media string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, field := range f.Fields {
		if field.Type == "file" {
			part, err := w.CreateFormFile(field.Name, "upload")
			require.NoError(t, err)
			_, err = part.Write([]byte(field.Value))
			require.NoError(t, err)
		} else if !field.box() || field.Checked {
			require.NoError(t, w.WriteField(field.Name, field.Value))
		}
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}
