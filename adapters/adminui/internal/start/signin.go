package start

import (
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// returnTo returns the page to go to after signing in: one of these pages.
func returnTo(r *page.Request, target string) string {
	if r.Site.Owns(target) {
		return target
	}
	return r.Site.Root.To()
}

// showSignIn shows the form. Someone who is signed in already goes on.
func showSignIn(r *page.Request) (page.Reply, error) {
	back := returnTo(r, r.Query().Get("return_to"))
	if r.Site.SignIn != "" {
		return page.Go(r.SignInPath(back))
	}
	return page.Show(page.SignInView(r, back))
}

// signIn starts a session, and leads back to where the person was.
func signIn(r *page.Request) (page.Reply, error) {
	back := returnTo(r, r.Form.Get("return_to"))
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost, Path: "/sessions",
		Body: map[string]string{"email": r.Form.Line("email"), "password": r.Form.Get("password")}})
	if err != nil {
		return refuseSignIn(r, back, err)
	}
	if r.Form.Has(page.DraftAction) {
		return showDraft(r, "You are signed in again.", back)
	}
	return page.Go(back)
}

// refuseSignIn shows the form again with the reason.
func refuseSignIn(r *page.Request, back string, err error) (page.Reply, error) {
	p := apicall.ProblemOf(err)
	if p == nil || p.Status >= http.StatusInternalServerError {
		return page.Reply{}, err
	}
	v := page.SignInView(r, back)
	v.Form.Fields[0].Value = r.Form.Line("email")
	v.Form.Error = page.Sentence(p.Detail)
	for _, name := range []string{page.DraftAction, page.DraftFields} {
		if r.Form.Has(name) {
			v.Form.Hidden = append(v.Form.Hidden, view.Hidden{Name: name, Value: r.Form.Get(name)})
		}
	}
	return page.Refused(p.Status, v)
}

// showDraft offers to send the form that was kept. It isn't sent by itself: someone else may
// have signed in. Intro says what the person has done meanwhile.
func showDraft(r *page.Request, intro, back string) (page.Reply, error) {
	fields, err := url.ParseQuery(r.Form.Get(page.DraftFields))
	action := r.Form.Get(page.DraftAction)
	if err != nil || !r.Site.Owns(action) {
		return page.Go(back)
	}
	v := view.Draft{Frame: r.Frame("Your form was kept"), Intro: intro, Page: back,
		Form: view.Form{Action: action, Submit: "Save it now", Cancel: back}}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[name] {
			field := view.Hidden{Name: name, Value: value}
			v.Form.Hidden = append(v.Form.Hidden, field)
			if name != "back" && value != "" {
				v.Entries = append(v.Entries, field)
			}
		}
	}
	return page.Show(v)
}

// askSignOut asks before the session ends: a link must not change anything.
func askSignOut(r *page.Request) (page.Reply, error) {
	return page.Show(view.Confirm{Frame: r.Frame("Sign out"), Question: "End this session?",
		Form: view.Form{Action: r.Site.Root.To("sign-out"), Submit: "Sign out", Cancel: r.Site.Root.To()}})
}

// signOut ends the session. Without one there is nothing to end.
func signOut(r *page.Request) (page.Reply, error) {
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete, Path: "/sessions"})
	if p := apicall.ProblemOf(err); err != nil && (p == nil || p.Status >= http.StatusInternalServerError) {
		return page.Reply{}, err
	}
	return page.Go(r.Site.Root.To("sign-in"))
}
