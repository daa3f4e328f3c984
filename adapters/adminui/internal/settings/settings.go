// Package settings has the page of a tenant's name, settings and quotas.
package settings

import (
	"encoding/json"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// Routes returns the page, if the API has tenants.
func Routes(s *page.Site) []page.Route {
	if !s.Serves("getTenant") {
		return nil
	}
	const path = "/t/{tenant}/settings"
	return []page.Route{
		{Path: path, Access: page.InTenant, Handle: show},
		{Method: http.MethodPost, Path: path, Access: page.InTenant, Handle: save,
			Fields: []string{"name", "require_reason", "settings", "version"}},
		{Method: http.MethodPost, Path: path + "/quotas", Access: page.InTenant,
			Handle: page.ForSuperAdmins(saveQuotas), Fields: []string{page.LimitField, page.RateField, "version"}},
	}
}

// stored is the tenant as the API has it. The settings and numbers stay as they are written.
type stored struct {
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings"`
	Quotas   page.Quotas     `json:"quotas"`

	tag string // changes with each change of the tenant
}

func read(r *page.Request) (stored, error) {
	a, err := r.API.Answer(r.Context(), apicall.Call{Path: r.APIPath()})
	if err != nil {
		return stored{}, err
	}
	s := stored{tag: a.Header.Get("ETag")}
	return s, json.Unmarshal(a.Body, &s)
}

// show shows the settings, in a form for those who may change them.
func show(r *page.Request) (page.Reply, error) {
	_, v, err := readPage(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(v)
}

// readPage reads what is stored, and returns it with its page.
func readPage(r *page.Request) (stored, view.Settings, error) {
	s, err := read(r)
	if err != nil {
		return stored{}, view.Settings{}, err
	}
	v, err := settingsPage(r, s)
	return s, v, err
}

func settingsPage(r *page.Request, s stored) (view.Settings, error) {
	v := view.Settings{Frame: r.Frame("Settings and quotas"), JSON: indented(s.Settings)}
	addQuotas(r, s, &v)
	if !r.Caller.May("tenant.update") {
		v.Facts = []view.Fact{{Name: "Name", Value: s.Name},
			{Name: "Super-admins must give a reason", Value: reasonInWords(s.Settings)}}
		return v, nil
	}
	fields, err := split(s.Settings)
	if err != nil {
		return v, err
	}
	f := form(r, s, fields)
	v.Form = &f
	return v, nil
}

// form returns the form of the settings as they are stored.
func form(r *page.Request, s stored, fields parts) view.Form {
	inputs := []view.Field{{Name: "name", Label: "Name", Value: s.Name, Required: true}}
	if fields.known {
		inputs = append(inputs, view.Field{Name: "require_reason", Type: view.CheckField,
			Checked: fields.requireReason, Label: "Super-admins must give a reason",
			Hint: "A super-admin who isn’t a member has to say why they come; the audit log shows it."})
	}
	inputs = append(inputs, view.Field{Name: "settings", Label: "Further settings",
		Type: view.CodeField, Rows: 10, Value: fields.others,
		Hint: "A JSON object. The services that use this tenant define its members."})
	f := r.NewForm(r.URLs.To("settings"), "Save the settings", inputs...)
	f.Hidden = []view.Hidden{{Name: "version", Value: s.tag}}
	return f
}

// save stores the name and the settings, unless someone else has changed the tenant since the
// page was read.
func save(r *page.Request) (page.Reply, error) {
	s, v, err := readPage(r)
	if err != nil {
		return page.Reply{}, err
	}
	if v.Form == nil {
		return page.Reply{}, page.Forbidden()
	}
	typed(r, v.Form)
	settings, err := join(r, s.Settings)
	if err != nil {
		return refuseJSON(v, err)
	}
	err = put(r, map[string]any{"name": r.Form.Line("name"), "settings": settings})
	if err == nil {
		return page.Go(page.Done(r.URLs.To("settings"), "saved"))
	}
	return refuse(v, s, v.Form, err, map[string]string{"/name": "name", "/settings": "settings"})
}

// put changes the tenant if it is still as the form's page has shown it.
func put(r *page.Request, body any) error {
	return r.API.Do(r.Context(), apicall.Call{Method: http.MethodPut, Path: r.APIPath(), Body: body,
		Header: http.Header{"If-Match": {r.Form.Get("version")}}})
}

// typed writes what was typed into the fields of a form.
func typed(r *page.Request, f *view.Form) {
	for i, field := range f.Fields {
		f.Fields[i].Value, f.Fields[i].Checked = r.Form.Text(field.Name), r.Form.Has(field.Name)
	}
}

// refuse shows the form again. If someone else has changed the tenant, it shows what is stored
// now too, and the form then replaces that.
func refuse(
	v view.Settings, s stored, f *view.Form, err error, names map[string]string,
) (page.Reply, error) {
	p := apicall.ProblemOf(err)
	if p != nil && p.Status == http.StatusForbidden {
		return page.Reply{}, err
	}
	status, ok := page.Explain(f, err, names)
	if !ok {
		return page.Reply{}, err
	}
	if p.Code == "version_mismatch" {
		f.Error = ""
		v.Stored = &view.Stored{Name: s.Name, JSON: indented(s.Settings)}
	}
	return page.Refused(status, v)
}

// refuseJSON shows the form again, with what is wrong with the settings.
func refuseJSON(v view.Settings, err error) (page.Reply, error) {
	for i, field := range v.Form.Fields {
		if field.Name == "settings" {
			v.Form.Fields[i].Error = page.Sentence(err.Error())
		}
	}
	v.Form.Error = "Nothing was saved. Please correct the marked fields."
	return page.Refused(http.StatusUnprocessableEntity, v)
}
