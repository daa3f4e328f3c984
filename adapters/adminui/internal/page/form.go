package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// maxForm is the longest form without a file that is read, in bytes. A resource of 1 MiB is
// up to three times as long in a form.
const maxForm = 4 << 20

// formTimeout is the default of [Site.FormTimeout].
const formTimeout = 30 * time.Second

// TenantField is the field in which each form of a tenant's page names its tenant.
const TenantField = "tenant"

// Form holds what was typed.
type Form struct{ url.Values }

// Has reports whether a box was checked, or a field was sent that isn't empty.
func (f Form) Has(name string) bool { return f.Get(name) != "" }

// Line returns the text of a one-line field without the spaces around it.
func (f Form) Line(name string) string { return strings.TrimSpace(f.Get(name)) }

// Text returns the text of a text area with the line ends that it had before the browser
// changed them (HTML, section 4.10.11.2).
func (f Form) Text(name string) string { return strings.ReplaceAll(f.Get(name), "\r\n", "\n") }

// readForm reads and checks the form of a POST: its origin, its size, its fields and its
// tenant.
func (r *Request) readForm() error {
	if r.Method != http.MethodPost {
		return nil
	}
	if err := r.checkOrigin(); err != nil {
		return err
	}
	if r.Route.Uploads {
		return nil
	}
	r.Body = http.MaxBytesReader(r.reply, r.Body, cmp.Or(r.Route.Limit, maxForm))
	if err := r.parseInTime(); err != nil {
		return errUnreadableForm
	}
	r.Form = Form{r.PostForm}
	return r.CheckForm(r.PostForm)
}

// parseInTime reads the form. A sender that is slower than [Site.FormTimeout] is cut off:
// anyone may send some of the forms.
func (r *Request) parseInTime() error {
	control := http.NewResponseController(r.reply)
	// a server without deadlines, such as a test's recorder, has no slow senders
	_ = control.SetReadDeadline(time.Now().Add(cmp.Or(r.Site.FormTimeout, formTimeout)))
	if err := r.ParseForm(); err != nil {
		r.reply.Header().Set("Connection", "close")
		return err
	}
	_ = control.SetReadDeadline(time.Time{})
	return nil
}

// CheckForm reports a field that the route doesn't have, and a form of another tenant. A
// handler that reads an upload calls it with the fields that came before the file.
func (r *Request) CheckForm(form url.Values) error {
	for name, values := range form {
		if len(values) > 1 && !strings.HasSuffix(name, "[]") || !r.hasField(name) {
			return errUnknownField
		}
	}
	if r.Route.Access == InTenant && form.Get(TenantField) != r.PathValue("tenant") {
		return errOtherTenant
	}
	return nil
}

func (r *Request) hasField(name string) bool {
	if name == TenantField {
		return r.Route.Access == InTenant
	}
	return slices.ContainsFunc(r.Route.Fields, func(f string) bool {
		return f == name || strings.HasSuffix(f, ".") && strings.HasPrefix(name, f)
	})
}

// NewForm returns a form of the page's tenant that is posted to path.
func (r *Request) NewForm(path, submit string, fields ...view.Field) view.Form {
	return view.Form{Action: path, Tenant: r.Caller.Tenant.Slug, Submit: submit, Fields: fields}
}

// Explain writes a problem into a form: what is wrong with a field next to the field, all
// else above the form. Names are the names of the fields by the JSON Pointers of the API's
// input, where a pointer below one of them belongs to that field, and by the codes of problems
// that name no place. It returns the problem's status; ok is false if err isn't the person's to
// mend in this form, or needs them to sign in or to give a reason first.
func Explain(form *view.Form, err error, names map[string]string) (status int, ok bool) {
	p := apicall.ProblemOf(err)
	if p == nil || p.Status >= http.StatusInternalServerError ||
		p.Status == http.StatusUnauthorized || p.Code == reasonRequired && names[p.Code] == "" {
		return 0, false
	}
	found := p.Errors
	if len(found) == 0 && names[p.Code] != "" {
		found = []apicall.InputError{{Path: p.Code, Detail: p.Detail}}
	}
	if len(found) > 0 {
		defer requireFields(form)
	}
	var rest []string
	for _, e := range found {
		if !explainField(form, names, e) {
			rest = append(rest, strings.TrimSpace(e.Path+" "+e.Detail))
		}
	}
	form.Error = Sentence(p.Detail)
	if len(rest) > 0 {
		form.Error += " " + Sentence(strings.Join(rest, "; "))
	}
	if len(rest) == 0 && len(found) > 0 {
		form.Error = "Nothing was saved. Please correct the marked fields."
	}
	return p.Status, true
}

// requireFields marks the fields that are empty and must not be: the API names the first fault
// only. Fields whose value is never shown again are left out.
func requireFields(form *view.Form) {
	shown := []string{view.TextField, "", view.EmailField, view.AreaField, view.NumberField}
	for i, f := range form.Fields {
		if f.Required && f.Value == "" && f.Error == "" && slices.Contains(shown, f.Type) {
			form.Fields[i].Error = Missing
		}
	}
}

// Missing says that a field needs a value.
const Missing = "Must not be empty."

// explainField puts e next to its field, the one with the longest pointer that is its path
// or above it.
func explainField(form *view.Form, names map[string]string, e apicall.InputError) bool {
	best := ""
	for pointer := range names {
		if (e.Path == pointer || strings.HasPrefix(e.Path, pointer+"/")) && len(pointer) > len(best) {
			best = pointer
		}
	}
	i := slices.IndexFunc(form.Fields, func(f view.Field) bool {
		return best != "" && f.Name == names[best]
	})
	if i < 0 {
		return false
	}
	text := Sentence(strings.TrimSpace(strings.TrimPrefix(e.Path, best) + " " + e.Detail))
	if form.Fields[i].Error != "" {
		text = form.Fields[i].Error + " " + text
	}
	form.Fields[i].Error = text
	return true
}

// Sentence returns text with a capital letter and a full stop.
func Sentence(text string) string {
	if text == "" {
		return ""
	}
	first, rest := text[:1], text[1:]
	if !strings.ContainsAny(text[len(text)-1:], ".!?") {
		rest += "."
	}
	return strings.ToUpper(first) + rest
}
