package platform

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

func userRoutes() []page.Route {
	const one = "/users/{id}"
	return slices.Concat([]page.Route{
		{Path: "/users", Handle: showUsers},
		{Method: http.MethodPost, Path: "/users", Handle: createUser,
			Fields: []string{"email", "name", "password", "super_admin", "back"}},
		{Path: one, Handle: showUser},
		{Method: http.MethodPost, Path: one, Handle: updateUser,
			Fields: []string{"email", "name", "super_admin", "certain", "back"}},
		{Method: http.MethodPost, Path: one + "/password", Handle: setPassword,
			Fields: []string{"password", "back"}},
	}, confirmed(one+"/remove", asksUser(removal), removeUser))
}

// user is a user as the API shows them.
type user struct {
	ID         string    `json:"id"`
	Email      string    `json:"email"`
	Name       string    `json:"name"`
	SuperAdmin bool      `json:"super_admin"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// showUsers shows a page of all users, or the form that creates one.
func showUsers(r *page.Request) (page.Reply, error) {
	if r.Query().Get("new") == "true" {
		return page.Show(newUser(r))
	}
	var found apicall.List[user]
	q := url.Values{"limit": {onPage}}
	for _, name := range []string{"q", "cursor"} {
		if text := r.Query().Get(name); text != "" {
			q.Set(name, text)
		}
	}
	if err := r.API.Get(r.Context(), "/users", q, &found); err != nil {
		return page.Reply{}, err
	}
	v := userList(r, found.Items)
	v.Pager = pager(r, v.Action, found.NextCursor)
	return page.Show(v)
}

func userList(r *page.Request, found []user) view.Users {
	here := r.Site.Root.To("users")
	v := view.Users{Frame: r.Frame("Users"), Action: here,
		Search: r.Query().Get("q"),
		Create: urls.With(here, "new", "true", "back", r.Here())}
	for _, u := range found {
		v.Users = append(v.Users, view.UserRow{Email: u.Email, Name: u.Name,
			Href:       urls.With(r.Site.Root.To("users", u.ID), "back", page.RowBack(r.Here())),
			SuperAdmin: u.SuperAdmin, CreatedAt: u.CreatedAt})
	}
	return v
}

// newUser returns the page with the form that creates a user, with what was typed except the
// password.
func newUser(r *page.Request) view.FormPage {
	list := r.Site.Root.To("users")
	fields := []view.Field{
		{Name: "email", Label: "E-mail address", Type: view.EmailField, Required: true,
			Value: r.Form.Line("email"), Hint: "People sign in with it."},
		{Name: "name", Label: "Name", Required: true, Value: r.Form.Line("name")},
	}
	if r.Site.Serves("signIn") {
		fields = append(fields, passwordField("Password", "Empty: the user gets none, and signs in"+
			" another way. "+passwordRules, false))
	}
	fields = append(fields, superAdminField(r.Form.Has("super_admin")))
	f := r.NewForm(list, "Create the user", fields...)
	f.Hidden, f.Cancel = []view.Hidden{r.BackField(list)}, r.Back(list)
	v := view.FormPage{Frame: r.Frame("Create a user"), Form: f,
		Intro: "The user is a member of no tenant at first."}
	v.Frame.Trail = []view.Link{{Text: "Users", Href: r.Back(list)}}
	return v
}

const passwordRules = "10 to 1024 characters; a few words in a row are easy to keep in mind."

func passwordField(label, hint string, required bool) view.Field {
	return view.Field{Name: "password", Label: label, Type: view.PasswordField, Hint: hint,
		Autocomplete: "new-password", Required: required}
}

func superAdminField(checked bool) view.Field {
	return view.Field{Name: "super_admin", Label: "Super-admin", Type: view.CheckField,
		Checked: checked, Hint: "Manages all tenants and users, and can visit every tenant."}
}

// createUser creates a user and shows them.
func createUser(r *page.Request) (page.Reply, error) {
	body := map[string]any{"email": r.Form.Line("email"), "name": r.Form.Line("name"),
		"super_admin": r.Form.Has("super_admin")}
	if r.Form.Has("password") {
		body["password"] = r.Form.Get("password")
	}
	var made user
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost, Path: "/users",
		Body: body, Into: &made})
	if err != nil {
		v := newUser(r)
		return refused(err, &v, &v.Form, userPointers)
	}
	to := urls.With(r.Site.Root.To("users", made.ID), "back", r.Back(""))
	return page.Go(page.Done(to, "created"))
}

// userPointers are the fields of a user by the JSON Pointers of the API's input.
var userPointers = map[string]string{"/email": "email", "/name": "name", "/password": "password",
	"already_exists": "email", "/super_admin": "super_admin"}
