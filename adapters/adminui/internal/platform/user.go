package platform

import (
	"net/http"
	"net/url"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// userPath returns the path of the user in the API.
func userPath(r *page.Request) string { return "/users/" + url.PathEscape(r.PathValue("id")) }

func readUser(r *page.Request) (u user, err error) {
	return u, r.API.Get(r.Context(), userPath(r), nil, &u)
}

// showUser shows a user, the forms that change them and their sessions.
func showUser(r *page.Request) (page.Reply, error) {
	v, err := userPage(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(v)
}

func userPage(r *page.Request) (view.UserPage, error) {
	u, err := readUser(r)
	if err != nil {
		return view.UserPage{}, err
	}
	here, list := r.Site.Root.To("users", u.ID), r.Site.Root.To("users")
	action := func(name ...string) string {
		return urls.With(urls.Join(here, name...), "back", r.Back(""))
	}
	v := view.UserPage{Frame: r.Frame(u.Name), ID: u.ID, Email: u.Email, SuperAdmin: u.SuperAdmin,
		Own: u.ID == r.Caller.ID, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		Edit:        editForm(r, u),
		HasSessions: r.Site.Serves("listUserSessions"), EndSessions: action("sessions", "end"),
		Remove: action("remove")}
	v.Frame.Trail = []view.Link{{Text: "Users", Href: r.Back(list)}}
	if r.Site.Serves("signIn") {
		f := r.NewForm(here+"/password", "Set the password",
			passwordField("New password", passwordRules+" All sessions of the user end.", true))
		f.Hidden = []view.Hidden{r.BackField(list)}
		v.Password = &f
	}
	return v, addSessions(r, &v)
}

// editForm returns the form that changes a user, with what was typed if it was.
func editForm(r *page.Request, u user) view.Form {
	email, name, super := u.Email, u.Name, u.SuperAdmin
	if _, typed := r.Form.Values["email"]; typed {
		email, name, super = r.Form.Line("email"), r.Form.Line("name"), r.Form.Has("super_admin")
	}
	right := superAdminField(super)
	if u.ID == r.Caller.ID {
		right.Hint += " This is your own account: without this right you can’t come back to this page."
	}
	f := r.NewForm(r.Site.Root.To("users", u.ID), "Save",
		view.Field{Name: "email", Label: "E-mail address", Type: view.EmailField, Value: email,
			Required: true},
		view.Field{Name: "name", Label: "Name", Value: name, Required: true}, right)
	f.Hidden = []view.Hidden{r.BackField(r.Site.Root.To("users"))}
	return f
}

// addSessions adds where the user is signed in.
func addSessions(r *page.Request, v *view.UserPage) error {
	if !v.HasSessions {
		return nil
	}
	var found struct {
		Items []struct {
			CreatedAt  time.Time `json:"created_at"`
			LastSeenAt time.Time `json:"last_seen_at"`
			ExpiresAt  time.Time `json:"expires_at"`
			Address    string    `json:"address"`
			UserAgent  string    `json:"user_agent"`
			Current    bool      `json:"current"`
		} `json:"items"`
	}
	if err := r.API.Get(r.Context(), userPath(r)+"/sessions", nil, &found); err != nil {
		return err
	}
	for _, s := range found.Items {
		v.Sessions = append(v.Sessions, view.SessionRow{CreatedAt: s.CreatedAt, SeenAt: s.LastSeenAt,
			ExpiresAt: s.ExpiresAt, Address: s.Address, Agent: s.UserAgent, Current: s.Current})
	}
	return nil
}

// updateUser changes a user.
func updateUser(r *page.Request) (page.Reply, error) {
	v, err := userPage(r)
	if err != nil {
		return page.Reply{}, err
	}
	if v.Own && v.SuperAdmin && !r.Form.Has("super_admin") && !r.Form.Has("certain") {
		return warnOfOwnRight(v)
	}
	err = r.API.Do(r.Context(), apicall.Call{Method: http.MethodPut, Path: userPath(r),
		Body: map[string]any{"email": r.Form.Line("email"), "name": r.Form.Line("name"),
			"super_admin": r.Form.Has("super_admin")}})
	switch {
	case err != nil:
		return refused(err, &v, &v.Edit, userPointers)
	case v.Own && !r.Form.Has("super_admin"):
		return page.Go(r.Site.Root.To())
	}
	return page.Go(userDone(r, "saved"))
}

// warnOfOwnRight asks a super-admin who takes their own right away whether they are certain.
func warnOfOwnRight(v view.UserPage) (page.Reply, error) {
	v.Edit.Error = "Nothing was saved. You are about to take your own right away: after that you can" +
		" manage no tenants and users, and only another super-admin can give it back."
	v.Edit.Fields = append(v.Edit.Fields, view.Field{Name: "certain", Type: view.CheckField,
		Label: "Yes, take my right as a super-admin away"})
	return page.Refused(http.StatusConflict, v)
}

// userDone returns the path of the user's page with a notice.
func userDone(r *page.Request, notice string) string {
	to := urls.With(r.Site.Root.To("users", r.PathValue("id")), "back", r.Back(""))
	return page.Done(to, notice)
}

// setPassword gives a user a new password, which ends their sessions.
func setPassword(r *page.Request) (page.Reply, error) {
	v, err := userPage(r)
	if err != nil {
		return page.Reply{}, err
	}
	err = r.API.Do(r.Context(), apicall.Call{Method: http.MethodPut, Path: userPath(r),
		Body: map[string]string{"password": r.Form.Get("password")}})
	if err == nil {
		return page.Go(userDone(r, "user_password"))
	}
	if v.Password == nil {
		return page.Reply{}, err
	}
	return refused(err, &v, v.Password, userPointers)
}

// userAction is what can be done with a user after a question.
type userAction struct {
	path, title, question string
	consequences          []string
}

var endAll = userAction{"sessions/end", "End all sessions", "End all sessions of",
	[]string{"The user has to sign in again in every browser."}}

var removal = userAction{"remove", "Remove the user", "Remove", []string{
	"All memberships of the user in all tenants end, and so do their sessions.",
	"What they changed stays, and the audit logs still name them.",
	"It can’t be undone: a user who is created again is another one, without memberships.",
}}

// confirm returns the page that asks before the action.
func (a userAction) confirm(r *page.Request) (view.Confirm, error) {
	u, err := readUser(r)
	if err != nil {
		return view.Confirm{}, err
	}
	here, list := r.Site.Root.To("users", u.ID), r.Site.Root.To("users")
	f := r.NewForm(here+"/"+a.path, a.title)
	f.Danger, f.Hidden = true, []view.Hidden{r.BackField(list)}
	f.Cancel = urls.With(here, "back", r.Back(""))
	v := view.Confirm{Frame: r.Frame(a.title), Question: a.question + " " + u.Name + " (" + u.Email + ")?",
		Consequences: a.consequences, Form: f}
	if u.ID == r.Caller.ID {
		v.Consequences = append([]string{"This is your own account: you are signed out."},
			a.consequences...)
	}
	v.Frame.Trail = []view.Link{{Text: "Users", Href: r.Back(list)}, {Text: u.Name, Href: f.Cancel}}
	return v, nil
}

// asksUser returns the handler of the page that asks before the action.
func asksUser(a userAction) handler {
	return func(r *page.Request) (page.Reply, error) {
		v, err := a.confirm(r)
		if err != nil {
			return page.Reply{}, err
		}
		return page.Show(v)
	}
}

// endSessions ends all sessions of a user.
func endSessions(r *page.Request) (page.Reply, error) {
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete,
		Path: userPath(r) + "/sessions"})
	if err != nil {
		return page.Reply{}, err
	}
	return page.Go(userDone(r, "all_ended"))
}

// removeUser removes a user. The last admin of a tenant can't be removed.
func removeUser(r *page.Request) (page.Reply, error) {
	v, err := removal.confirm(r)
	if err != nil {
		return page.Reply{}, err
	}
	err = r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete, Path: userPath(r)})
	if err == nil {
		return page.Go(page.Done(r.Back(r.Site.Root.To("users")), "removed"))
	}
	status, ok := page.Explain(&v.Form, err, nil)
	if !ok {
		return page.Reply{}, err
	}
	if apicall.ProblemOf(err).Code == "last_admin" {
		v.Form.Error += " Give another member of that tenant the role admin first, then come back."
	}
	return page.Refused(status, v)
}
