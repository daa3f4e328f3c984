package httpapi

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

// invitationPath is the page that the link of an invitation opens.
const invitationPath = "/invitations/accept"

// formType is the media type of a form's fields (WHATWG URL, section 5).
const formType = "application/x-www-form-urlencoded"

// maxInvitationForm is the longest form that is read, in bytes.
const maxInvitationForm = 16 << 10

// pagePolicy lets a page load its own script and style, and nothing else
// (Content Security Policy Level 3).
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';" +
	" form-action 'self'; frame-ancestors 'none'; base-uri 'none';" +
	" require-trusted-types-for 'script'"

//go:embed invitationpage
var invitationFiles embed.FS

var invitationTemplate = template.Must(
	template.ParseFS(invitationFiles, "invitationpage/accept.html"))

// invitationView is what the page shows.
type invitationView struct {
	Path      string // of the page; its script and style have the same with an extension
	Error     string // why the last attempt was refused
	Token     string
	Name      string
	Email     string
	Existing  bool   // the person has an account
	Passwords bool   // people sign in with passwords here
	OpenID    string // where the sign-in at the provider begins; empty: no provider
	Done      *invitationDone
}

// invitationDone is shown after the invitation was accepted.
type invitationDone struct{ Email, Role, Tenant string }

// invitationPageRoutes returns the page with its form, script and style.
func (a *api) invitationPageRoutes() []operation {
	return []operation{
		{page: true, method: http.MethodGet, path: invitationPath, allowUnknownParams: true,
			handle: a.showInvitationPage},
		{page: true, method: http.MethodPost, path: invitationPath, optionalCaller: true,
			handle: a.submitInvitation},
		{page: true, method: http.MethodGet, path: invitationPath + ".js",
			handle: serveAsset("invitationpage/accept.js", "text/javascript; charset=utf-8")},
		{page: true, method: http.MethodGet, path: invitationPath + ".css",
			handle: serveAsset("invitationpage/accept.css", "text/css; charset=utf-8")},
	}
}

// serveAsset serves an embedded file.
func serveAsset(name, media string) func(http.ResponseWriter, *call) error {
	body, err := invitationFiles.ReadFile(name)
	if err != nil {
		panic("httpapi: " + err.Error())
	}
	return func(w http.ResponseWriter, _ *call) error {
		return writeBody(w, http.StatusOK, media, body)
	}
}

// showInvitationPage shows the form. The token isn't in the request: the page's script, or
// the person, copies it into the form.
func (a *api) showInvitationPage(w http.ResponseWriter, _ *call) error {
	return a.writeInvitationPage(w, http.StatusOK, invitationView{})
}

// writeInvitationPage fills in what every view has.
func (a *api) writeInvitationPage(w http.ResponseWriter, status int, v invitationView) error {
	v.Path, v.Passwords = a.prefix+invitationPath, a.signin != nil
	if a.openID && !slices.Contains(a.without, SessionRoutes) {
		v.OpenID = a.prefix + apiRoot + "sessions/oidc/start?return_to=" +
			url.QueryEscape(v.Path)
	}
	var body bytes.Buffer
	if err := invitationTemplate.Execute(&body, v); err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	return writeBody(w, status, "text/html; charset=utf-8", body.Bytes())
}

// submitInvitation accepts the invitation of a submitted form. A refusal shows the form again
// with the reason, and leaves the invitation open.
func (a *api) submitInvitation(w http.ResponseWriter, c *call) error {
	form, err := a.readInvitationForm(w, c)
	if err != nil {
		return err
	}
	_, fragment, link := strings.Cut(form.Get("token"), "#")
	v := invitationView{Token: form.Get("token"), Name: form.Get("name"),
		Email: form.Get("email"), Existing: form.Get("account") == "existing"}
	if link {
		v.Token = fragment
	}
	v.Token = strings.TrimSpace(v.Token)
	v.Done, err = a.acceptByForm(w, c, v, form.Get("password"))
	status := http.StatusOK
	if err != nil {
		shown := problemOf(err)
		if status = shown.Status; status >= http.StatusInternalServerError {
			return err
		}
		v.Error = shown.Detail
	}
	return a.writeInvitationPage(w, status, v)
}

// readInvitationForm reads the form of a page of this origin: another site must not sign in
// the browser as a different user.
func (a *api) readInvitationForm(w http.ResponseWriter, c *call) (url.Values, error) {
	if err := a.sameOrigin(c.Request); err != nil {
		return nil, err
	}
	raw, err := readBody(w, c.Request, formType, maxInvitationForm)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, tenancy.Errorf(tenancy.CodeInvalid, "the form can't be read").Because(err)
	}
	known := []string{"token", "account", "name", "email", "password"}
	for name, values := range form {
		if !slices.Contains(known, name) || len(values) > 1 {
			return nil, tenancy.Errorf(tenancy.CodeUnknownField,
				"the form has a field that is unknown or appears twice")
		}
	}
	return form, nil
}

// acceptByForm signs the person in if they have an account, and accepts the invitation.
func (a *api) acceptByForm(
	w http.ResponseWriter, c *call, v invitationView, password string,
) (*invitationDone, error) {
	in := admin.Acceptance{Token: v.Token, Name: v.Name, Password: password}
	var err error
	if v.Existing && password != "" && a.signin != nil {
		in.Password = ""
		err = a.signInByForm(w, c, credentials{Email: v.Email, Password: password})
	} else {
		err = a.authenticateOptional(w, c)
	}
	if err != nil {
		return nil, err
	}
	m, t, err := a.admin.AcceptInvitation(c.Context(), c.principal, in)
	if err != nil {
		return nil, err
	}
	return &invitationDone{Email: m.Email, Role: string(m.Role), Tenant: t.Name}, nil
}

// signInByForm starts a session and makes its user the caller.
func (a *api) signInByForm(w http.ResponseWriter, c *call, in credentials) error {
	secret, err := a.startByPassword(w, c, in)
	if err != nil {
		return err
	}
	caller, err := a.signin.Authenticate(c.Context(), secret)
	if err != nil {
		return err
	}
	c.stored = true
	c.setCaller(caller.Principal)
	a.withRight(c, operation{})
	return nil
}
