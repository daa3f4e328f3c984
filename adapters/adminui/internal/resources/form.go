package resources

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// writer returns what writes specs of the kind into forms.
func (p pages) writer(r *page.Request) specform.Writer {
	return specform.Writer{Kinds: r.Site.Kinds, Kind: p.kind, Paths: specform.Paths{
		Proposals: func(path string) string { return r.URLs.To("pick", path) },
		List: func(path string) view.Link {
			kind, _ := r.Site.Kinds.ByPath(path)
			return view.Link{Text: "List of " + pages{kind}.noun(), Href: r.URLs.To(path)}
		},
	}}
}

// form is the form of a resource with the names of its inputs by the JSON Pointers of the
// API's input.
type form struct {
	view.Form
	names map[string]string
}

// form returns the form with a spec, posted to path. Its labels are one input, or none if the
// kind has no labels.
func (p pages) form(r *page.Request, path string, sheet specform.Sheet, labels view.Field) form {
	f := form{r.NewForm(path, "Save", sheet.Fields...), sheet.Names}
	f.Hidden = append(sheet.Hidden, r.BackField(p.lists(r)))
	f.Cancel = r.Back(p.lists(r))
	if !p.kind.NoLabels || labels.Value != "" {
		f.Fields = append(f.Fields, labels)
		f.names["/labels"] = labels.Name
	}
	return f
}

// again returns the form with what was typed.
func (p pages) again(r *page.Request, path string) form {
	return p.form(r, path, p.writer(r).FromForm(r.Form.Values), labelFieldAgain(r.Form))
}

// input is what the API gets.
type input struct {
	Labels map[string]string `json:"labels"`
	Spec   json.RawMessage   `json:"spec"`
}

// read returns what a form says. wrong says by the names of inputs what is wrong with them.
func (p pages) read(r *page.Request) (in input, wrong map[string]string) {
	in.Spec, wrong = specform.Read(r.Site.Kinds, p.kind, r.Form.Values)
	labels, fault := readLabels(r.Form)
	if fault != "" {
		wrong[labelFieldAgain(r.Form).Name] = fault
	}
	in.Labels = labels
	return in, wrong
}

// mark writes what is wrong next to the inputs.
func (f *form) mark(wrong map[string]string) {
	f.Error = "Nothing was saved. Please correct the marked fields."
	unseen := maps.Clone(wrong)
	for i, field := range f.Fields {
		f.Fields[i].Error = strings.TrimSpace(field.Error + " " + wrong[field.Name])
		delete(unseen, field.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(unseen)) {
		f.Error += " " + name + ": " + unseen[name]
	}
}

// explain writes a problem into the form.
func (f *form) explain(err error) (status int, ok bool) {
	if problem := apicall.ProblemOf(err); problem != nil {
		for i, e := range problem.Errors {
			problem.Errors[i] = f.locate(e)
		}
	}
	return page.Explain(&f.Form, err, f.names)
}

// locate names the line of an input instead of the place in an array, and the label instead
// of its JSON Pointer.
func (f *form) locate(e apicall.InputError) apicall.InputError {
	at := jsontext.Pointer(e.Path)
	if at.Parent() == "/labels" {
		return apicall.InputError{Path: "/labels", Code: e.Code,
			Detail: "the label " + at.LastToken() + " " + e.Detail}
	}
	n, err := strconv.Atoi(at.LastToken())
	if name := f.names[string(at.Parent())]; err != nil || !strings.HasPrefix(name, specform.Names) {
		return e
	}
	return apicall.InputError{Path: string(at.Parent()), Code: e.Code,
		Detail: fmt.Sprintf("line %d %s", n+1, e.Detail)}
}

// put writes a resource under a condition, a header and its value.
func (p pages) put(r *page.Request, name string, in input, header, value string) error {
	return r.API.Do(r.Context(), apicall.Call{Method: http.MethodPut, Path: p.apiPath(name), Body: in,
		Header: http.Header{header: {value}}})
}
