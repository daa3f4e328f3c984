package transfer

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
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
