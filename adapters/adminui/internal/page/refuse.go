package page

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// refusal is an error of the pages themselves.
type refusal struct {
	status       int
	text, advice string
}

func (e *refusal) Error() string { return e.text }

var (
	errNoPage = &refusal{http.StatusNotFound, "There is no page with this address.",
		"Check the address, or begin at the start page."}
	errNoTenant = &refusal{http.StatusNotFound, "There is no such tenant, or you aren't a member of it.",
		"Choose one of your tenants."}
	errMethod = &refusal{http.StatusMethodNotAllowed, "This address doesn't take such a request.", ""}

	errForbidden = &refusal{http.StatusForbidden, "Your role doesn't allow this.",
		"Ask an admin of the tenant for another role."}
	errNotSuperAdmin = &refusal{http.StatusForbidden, "Only super-admins may do this.",
		"Ask a super-admin of this installation."}

	errCrossOrigin = &refusal{http.StatusForbidden,
		"The form came from another site, so it was refused. Nothing was changed.",
		"Open the page here, and send the form again."}
	errUnreadableForm = &refusal{http.StatusBadRequest,
		"The form can't be read, or is too large. Nothing was changed.", ""}
	errUnknownField = &refusal{http.StatusUnprocessableEntity,
		"The form has a field that this page doesn't know, or one that appears twice. Nothing was changed.",
		"Load the page again: it may be from an older version."}
	errOtherTenant = &refusal{http.StatusConflict,
		"The form belongs to another tenant than this page. Nothing was changed.",
		"Go back, load the page again and check the tenant in the top bar."}
)

// reasonRequired is the code of the problem that asks a super-admin for a reason.
const reasonRequired = "reason_required"

// NotFound is the error of a page that isn't there.
func NotFound() error { return errNoPage }

// Forbidden is the error of a page or a form that the person's role doesn't allow, where no call
// of the API says so. It has the words of the API's refusal.
func Forbidden() error { return errForbidden }

// ForSuperAdmins returns a handler that refuses everyone else. It's for pages that the API would
// answer to others in part; what may be done, it decides.
func ForSuperAdmins(handle func(*Request) (Reply, error)) func(*Request) (Reply, error) {
	return func(r *Request) (Reply, error) {
		if !r.Caller.SuperAdmin {
			return Reply{}, errNotSuperAdmin
		}
		return handle(r)
	}
}

// refuse returns the page for an error.
func (r *Request) refuse(err error) Reply {
	p := apicall.ProblemOf(err)
	if p != nil && p.Status == http.StatusUnauthorized {
		return r.askToSignIn()
	}
	if p != nil && p.Code == reasonRequired && r.Caller.Tenant.ID != "" {
		return r.askForReason()
	}
	v := view.Failure{Status: http.StatusInternalServerError, Text: "Something went wrong on the server.",
		Advice: "Try again. If it goes on, tell the operator."}
	var own *refusal
	switch {
	case errors.As(err, &own):
		v.Status, v.Text, v.Advice = own.status, own.text, own.advice
	case p != nil:
		v = explainProblem(p)
	}
	if v.Status >= http.StatusInternalServerError {
		r.Site.Log.ErrorContext(r.Context(), "a page failed", "error", err, "path", r.URL.Path)
	}
	r.findCaller()
	v.Frame = r.Frame(http.StatusText(v.Status))
	v.Notice = nil // of a write that led here
	v.Links = append(v.Links, view.Link{Text: "Start page", Href: r.Site.Root.To()})
	return Reply{Status: v.Status, View: v}
}

// findCaller finds out who calls if it isn't known yet, so that also a page that refuses has
// the switcher and the way to sign out. Without an answer the page has neither.
func (r *Request) findCaller() {
	if r.Caller.ID != "" {
		return
	}
	var c Caller
	if r.API.For("", "").Get(r.Context(), "/me", meQuery, &c) == nil {
		r.Caller = c
	}
}

// explainProblem says in words for people what the API answered.
func explainProblem(p *apicall.Problem) view.Failure {
	v := view.Failure{Status: p.Status, Text: Sentence(p.Detail), RequestID: p.RequestID}
	switch p.Code {
	case "tenant_not_found":
		v.Text, v.Advice = errNoTenant.text, errNoTenant.advice
	case "tenant_suspended":
		v.Text = "This tenant is suspended: nothing in it can be read or changed for now."
		v.Advice = "Its super-admins can activate it again."
	case "tenant_mismatch":
		v.Text = "The address names two different tenants."
		v.Advice = "Open the page under the address of the tenant that you want."
	case "forbidden":
		v.Text, v.Advice = errForbidden.text, errForbidden.advice
	case "too_many_requests", "rate_limited":
		v.Advice = "Wait a moment, and load the page again."
	}
	if p.Status >= http.StatusInternalServerError {
		v.Advice = "Try again. If it goes on, tell the operator."
	}
	return v
}

// askToSignIn leads to the page to sign in, and back to this page afterwards. What was typed
// into a form is kept.
func (r *Request) askToSignIn() Reply {
	back := r.URL.RequestURI()
	if r.Method != http.MethodPost {
		return Reply{Redirect: r.SignInPath(back)}
	}
	v := SignInView(r, r.backOf())
	kept := r.draft()
	if kept == nil {
		v.Intro = "Your session has ended, so nothing was saved. Sign in, and fill in the form again:" +
			" one with a password or a secret isn't kept."
		return Reply{Status: http.StatusUnauthorized, View: v}
	}
	v.Intro = "Your session has ended, so nothing was saved. Sign in to go on: what you typed is kept."
	v.Form.Hidden = append(v.Form.Hidden, kept...)
	if v.Provider != "" {
		v.Again = r.again()
	}
	return Reply{Status: http.StatusUnauthorized, View: v}
}

// again returns the posted form, to send it again after signing in elsewhere: this page
// stays open, as a provider's page gets nothing of it.
func (r *Request) again() *view.Form {
	f := view.Form{Action: r.URL.RequestURI(), Submit: "Send the form again"}
	for _, name := range slices.Sorted(maps.Keys(r.Form.Values)) {
		for _, value := range r.Form.Values[name] {
			f.Hidden = append(f.Hidden, view.Hidden{Name: name, Value: value})
		}
	}
	return &f
}

// SignInPath returns the path to sign in and to come back to a path.
func (r *Request) SignInPath(back string) string {
	if r.Site.SignIn != "" {
		return urls.With(r.Site.SignIn, "return_to", back)
	}
	return urls.With(r.Site.Root.To("sign-in"), "return_to", back)
}

// The fields of a form to sign in that keep another form.
const (
	DraftAction = "draft_action"
	DraftFields = "draft_fields"
)

// neverKept are the fields that no page repeats.
var neverKept = []string{"password", "old", "new", "again", "value", "secret", "token"}

// draft returns the fields that keep the posted form. Passwords and secrets are never
// written into a page, nor is a form that has one.
func (r *Request) draft() []view.Hidden {
	for _, name := range neverKept {
		if r.Form.Has(name) {
			return nil
		}
	}
	if len(r.Form.Values) == 0 || r.Route.Secret != nil && r.Route.Secret(r.Form) {
		return nil
	}
	return []view.Hidden{{Name: DraftAction, Value: r.URL.RequestURI()},
		{Name: DraftFields, Value: r.Form.Encode()}}
}

// backOf returns the page of the posted form: the one that the browser names, if it is one
// of these pages, else the posted path.
func (r *Request) backOf() string {
	if from := r.referrer(); from != "" {
		return from
	}
	return r.Site.Root.To()
}

// referrer returns the page from which the browser came, if it is one of these pages, else "".
func (r *Request) referrer() string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.host() || !r.Site.Owns(from.RequestURI()) {
		return ""
	}
	return from.RequestURI()
}

// askForReason asks a super-admin why they visit a tenant that requires a reason. What was
// typed into a form is kept.
func (r *Request) askForReason() Reply {
	back := r.URL.RequestURI()
	if r.Method == http.MethodPost {
		back = r.backOf()
	}
	v := ReasonView(r, back)
	if r.Method == http.MethodPost {
		v.Intro += " Nothing was saved yet."
		v.Form.Hidden = append(v.Form.Hidden, r.draft()...)
	}
	return Reply{Status: http.StatusForbidden, View: v}
}

// ReasonView returns the page that asks for the reason of a visit, after which the browser
// goes back to a path.
func ReasonView(r *Request, back string) view.FormPage {
	f := r.NewForm(r.URLs.To("visit"), "Visit the tenant", view.Field{
		Name: "reason", Label: "Reason", Required: true,
		Hint: "The tenant's audit log shows it with everything that you read and change."})
	f.Hidden = append(f.Hidden, view.Hidden{Name: "back", Value: back})
	frame := r.Frame("Why do you visit this tenant?")
	if frame.Tenant != nil && frame.Tenant.Visit != nil {
		frame.Tenant.Visit.Form = ""
	}
	return view.FormPage{Frame: frame,
		Intro: "You aren't a member of this tenant. It asks super-admins for a reason.", Form: f}
}
