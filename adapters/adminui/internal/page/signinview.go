package page

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// SignInView returns the page to sign in, after which the browser goes back to a path.
func SignInView(r *Request, back string) view.SignIn {
	v := view.SignIn{Frame: r.bareFrame("Sign in")}
	if r.Site.SignIn != "" {
		v.Provider = urls.With(r.Site.SignIn, "return_to", back)
		return v
	}
	v.Passwords = r.Site.Serves("signIn")
	if r.Site.Serves("startOpenID") {
		v.Provider = urls.With(r.Site.APIPrefix+"/api/v1/sessions/oidc/start", "return_to", back)
	}
	v.Form = view.Form{Action: r.Site.Root.To("sign-in"), Submit: "Sign in",
		Hidden: []view.Hidden{{Name: "return_to", Value: back}},
		Fields: []view.Field{
			{Name: "email", Label: "E-mail address", Type: view.EmailField, Autocomplete: "username",
				Required: true},
			{Name: "password", Label: "Password", Type: view.PasswordField,
				Autocomplete: "current-password", Required: true},
		}}
	return v
}
