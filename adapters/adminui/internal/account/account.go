package account

import (
	"net/http"
	"net/url"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// membershipsShown is how many of a person's tenants the page shows.
const membershipsShown = 50

// showAccount shows what the API knows about the caller.
func showAccount(r *page.Request) (page.Reply, error) {
	v, err := accountView(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(v)
}

// accountView returns the page. A caller who isn't a user has no sessions, and so no password
// to change.
func accountView(r *page.Request) (view.Account, error) {
	v := view.Account{Frame: r.Frame("Your account"), Name: r.Caller.Name, Email: r.Caller.Email,
		SuperAdmin: r.Caller.SuperAdmin}
	if err := addMemberships(r, &v); err != nil {
		return v, err
	}
	if !r.Site.Serves("listSessions") {
		return v, nil
	}
	sessions, err := listSessions(r)
	if err != nil {
		return v, err
	}
	v.Sessions = showSessions(r, sessions)
	if r.Site.Serves("endSession") && hasOthers(sessions) {
		v.EndOthers = r.Site.Root.To("account", "sessions", "end-others")
	}
	if r.Site.Serves("changePassword") && hasCurrent(sessions) {
		v.Password = passwordForm(r)
	}
	return v, nil
}

// addMemberships adds the person's tenants. With tenancy off, there is one.
func addMemberships(r *page.Request, v *view.Account) error {
	found, err := r.FindMemberships("", "", membershipsShown)
	if p := apicall.ProblemOf(err); p != nil && p.Status == http.StatusNotFound {
		return nil // the API has no such route
	}
	if err != nil {
		return err
	}
	v.Places = r.Places(found.Items)
	if r.Site.MultiTenant {
		v.AllPlaces = r.Site.Root.To("switch")
	}
	v.MorePlaces = found.NextCursor != ""
	return nil
}

// passwordForm returns the form that changes the password.
func passwordForm(r *page.Request) *view.Form {
	return &view.Form{Action: r.Site.Root.To("account", "password"), Submit: "Change the password",
		Fields: []view.Field{
			{Name: "old", Label: "Old password", Type: view.PasswordField, Required: true,
				Autocomplete: "current-password"},
			{Name: "new", Label: "New password", Type: view.PasswordField, Required: true,
				Autocomplete: "new-password", Hint: "10 characters or more. A few words make a good one."},
			{Name: "again", Label: "New password, once more", Type: view.PasswordField, Required: true,
				Autocomplete: "new-password"},
		}}
}

// changePassword changes the password. The API ends the person's other sessions.
func changePassword(r *page.Request) (page.Reply, error) {
	if r.Form.Get("new") != r.Form.Get("again") {
		return refusePassword(r, &apicall.Problem{Status: http.StatusUnprocessableEntity,
			Code: "invalid", Errors: []apicall.InputError{{Path: "/again",
				Detail: "the two new passwords differ"}}})
	}
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodPut, Path: "/me/password",
		Body: map[string]string{"old": r.Form.Get("old"), "new": r.Form.Get("new")}})
	if err != nil {
		return refusePassword(r, err)
	}
	return page.Go(page.Done(r.Site.Root.To("account"), "password"))
}

// refusePassword shows the account with the form's errors. No password is shown again.
func refusePassword(r *page.Request, refused error) (page.Reply, error) {
	form := passwordForm(r)
	status, ok := page.Explain(form, refused,
		map[string]string{"/old": "old", "/new": "new", "/again": "again"})
	if !ok {
		return page.Reply{}, refused
	}
	for i, f := range form.Fields {
		if f.Error == "" && r.Form.Get(f.Name) == "" {
			form.Fields[i].Error = page.Missing
		}
	}
	v, err := accountView(r)
	if err != nil {
		return page.Reply{}, err
	}
	v.Password = form
	return page.Refused(status, v)
}

// sessionPath returns the path of a session in the API.
func sessionPath(id string) string { return "/sessions/" + url.PathEscape(id) }
