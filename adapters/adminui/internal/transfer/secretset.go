package transfer

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// setSecret sets the value of a secret. A value of several lines has the line ends that it
// had before the browser changed them.
func setSecret(r *page.Request) (page.Reply, error) {
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodPut,
		Path: r.APIPath("secrets", r.PathValue("name")),
		Body: map[string]string{"value": r.Form.Text("value")}})
	if err == nil {
		return page.Go(page.Done(r.Back(r.URLs.To("secrets")), "secret"))
	}
	p := apicall.ProblemOf(err)
	if p == nil || p.Status != http.StatusUnprocessableEntity && p.Status != http.StatusRequestEntityTooLarge {
		return page.Reply{}, err
	}
	v := secretForm(r, r.Query().Has("lines"))
	page.Explain(&v.Form, err, map[string]string{"/value": "value"})
	return page.Refused(p.Status, v)
}

// askUnset asks before the value of a secret is removed.
func askUnset(r *page.Request) (page.Reply, error) {
	if !r.Caller.May("secret.write") {
		return page.Reply{}, page.Forbidden()
	}
	name := r.PathValue("name")
	v := view.Confirm{Frame: r.Frame("Unset a secret"),
		Question: "Remove the value of the secret " + name + "?",
		Consequences: []string{"Resources that use it keep its name, and have no value until one is" +
			" set again.", "The value can’t be brought back: no page shows it."},
		Form: r.NewForm(r.URLs.To("secrets", name, "unset"), "Unset")}
	v.Trail = []view.Link{{Text: "Secrets", Href: r.URLs.To("secrets")}}
	v.Form.Danger, v.Form.Cancel = true, r.Back(r.URLs.To("secrets"))
	v.Form.Hidden = []view.Hidden{r.BackField(r.URLs.To("secrets"))}
	return page.Show(v)
}

// unsetSecret removes the value of a secret. One that has none already is as wanted.
func unsetSecret(r *page.Request) (page.Reply, error) {
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete,
		Path: r.APIPath("secrets", r.PathValue("name"))})
	if err != nil {
		if p := apicall.ProblemOf(err); p == nil || p.Code != string(tenancy.CodeNotFound) {
			return page.Reply{}, err
		}
	}
	return page.Go(page.Done(r.Back(r.URLs.To("secrets")), "unset"))
}
