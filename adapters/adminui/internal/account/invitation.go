package account

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// The accounts with which an invitation is accepted: the values of the field account.
const (
	currentAccount  = "current" // the one that is signed in
	newAccount      = "new"
	existingAccount = "existing" // after signing in by password
)

// showInvitation shows the form. The token isn't in the request: the pages' script, or the
// person, copies it out of the link's fragment, which browsers send to no server.
func showInvitation(r *page.Request) (page.Reply, error) {
	if err := findCaller(r); err != nil {
		return page.Reply{}, err
	}
	account := newAccount
	if r.Caller.Email != "" {
		account = currentAccount
	}
	return page.Show(invitationView(r, account))
}

// findCaller finds out who is signed in. To have no valid credentials is no error here.
func findCaller(r *page.Request) error {
	err := r.API.Get(r.Context(), "/me", url.Values{"memberships": {"false"}}, &r.Caller)
	if p := apicall.ProblemOf(err); p != nil && p.Status < http.StatusInternalServerError {
		return nil
	}
	return err
}

// invitationView returns the page with what was typed, but for passwords.
func invitationView(r *page.Request, account string) view.Accept {
	v := view.Accept{
		Frame: r.Frame("Accept an invitation"), Current: r.Caller.Email, Choice: account,
		Passwords: r.Site.Serves("signIn"),
		Token: view.Field{Name: "token", Label: "Invitation", Value: tokenOf(r.Form), Required: true,
			Hint: "The whole link that you were sent, or the part after #."},
		Form: view.Form{Action: r.Site.APIPrefix + invitationPath, Submit: "Accept"},
	}
	if r.Site.Serves("startOpenID") {
		v.Provider = urls.With(r.Site.APIPrefix+"/api/v1/sessions/oidc/start", "return_to", v.Form.Action)
	}
	if v.Passwords {
		v.Form.Fields = accountFields(r, v.Provider != "")
	}
	return v
}

// accountFields returns the fields of a new account, or of signing in.
func accountFields(r *page.Request, provider bool) []view.Field {
	hint := "For a new account: 10 characters or more."
	if provider {
		hint += " Leave it empty if you signed in with your organization's account."
	}
	return []view.Field{
		{Name: "name", Label: "Your name, for a new account", Value: r.Form.Get("name"),
			Autocomplete: "name"},
		{Name: "email", Label: "E-mail address of your account", Type: view.EmailField,
			Value: r.Form.Get("email"), Autocomplete: "username"},
		{Name: "password", Label: "Password", Type: view.PasswordField, Hint: hint,
			Autocomplete: "current-password"},
	}
}

// tokenOf returns the token out of what was typed: the link, or its fragment.
func tokenOf(form page.Form) string {
	typed := form.Get("token")
	if _, fragment, link := strings.Cut(typed, "#"); link {
		typed = fragment
	}
	return strings.TrimSpace(typed)
}

// accepted is the API's answer.
type accepted struct {
	Tenant page.Tenant `json:"tenant"`
	Role   string      `json:"role"`
	User   struct {
		Email string `json:"email"`
	} `json:"user"`
}

// acceptInvitation accepts the invitation of a submitted form. A refusal shows the form again
// with the reason, and leaves the invitation open.
func acceptInvitation(r *page.Request) (page.Reply, error) {
	if err := signInFirst(r); err != nil {
		return refuseInvitation(r, err)
	}
	var done accepted
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost, Path: "/invitations/accept",
		Body: acceptance(r), Into: &done})
	if err != nil {
		return refuseInvitation(r, err)
	}
	return showAccepted(r, done)
}

// acceptance returns the body of the API's call. Only a new person sets a name and a password.
func acceptance(r *page.Request) map[string]string {
	body := map[string]string{"token": tokenOf(r.Form)}
	if !isNew(r) {
		return body
	}
	body["name"] = r.Form.Line("name")
	if password := r.Form.Get("password"); password != "" {
		body["password"] = password
	}
	return body
}

// isNew reports whether the person wants an account; a form that doesn't say, does.
func isNew(r *page.Request) bool {
	account := r.Form.Get("account")
	return account != currentAccount && account != existingAccount
}

// signInFirst signs the person in who has an account here. Without a password they are signed
// in already, maybe through the OpenID provider.
func signInFirst(r *page.Request) error {
	if r.Form.Get("account") != existingAccount || r.Form.Get("password") == "" {
		return nil
	}
	return signIn(r, r.Form.Line("email"))
}

func signIn(r *page.Request, email string) error {
	return r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost, Path: "/sessions",
		Body: map[string]string{"email": email, "password": r.Form.Get("password")}})
}

// refuseInvitation shows the form with the reason.
func refuseInvitation(r *page.Request, err error) (page.Reply, error) {
	p := apicall.ProblemOf(err)
	if p == nil || p.Status >= http.StatusInternalServerError {
		return page.Reply{}, err
	}
	if err := findCaller(r); err != nil {
		return page.Reply{}, err
	}
	v := invitationView(r, r.Form.Get("account"))
	if _, ok := page.Explain(&v.Form, err, map[string]string{"/name": "name",
		"/password": "password", "/email": "email"}); !ok {
		v.Form.Error = page.Sentence(p.Detail) // the password is wrong
	}
	return page.Refused(p.Status, v)
}

// showAccepted says what the person now is, and leads to the tenant's pages. A new person with
// a password is signed in; if that fails, those pages ask them to.
func showAccepted(r *page.Request, done accepted) (page.Reply, error) {
	err := findCaller(r)
	isCaller := r.Caller.Email == done.User.Email
	if !isCaller && isNew(r) && r.Form.Get("password") != "" && r.Site.Serves("signIn") {
		if err = signIn(r, done.User.Email); err == nil {
			err, isCaller = findCaller(r), true
		}
	}
	if err != nil {
		r.Site.Log.WarnContext(r.Context(), "a new member isn't signed in", "error", err)
	}
	return page.Show(view.Accepted{Frame: r.Frame("Invitation accepted"), Email: done.User.Email,
		Role: done.Role, In: done.Tenant.Name, SignedIn: isCaller,
		Href: r.Site.Root.Tenant(done.Tenant.Slug).To()})
}
