package httpapi

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/querystring"
	"github.com/bailiwick-go/bailiwick/adapters/internal/localpath"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// flowLifetime limits how long a sign-in at the provider may take.
const flowLifetime = 10 * time.Minute

var errSignInFlow = tenancy.Errorf(tenancy.CodeUnauthenticated,
	"the sign-in through the provider wasn't completed: start again")

// startOpenID redirects to the provider. The flow's secret and return_to are in a
// cookie, so that only the browser that started the sign-in can finish it.
func (a *api) startOpenID(w http.ResponseWriter, c *call) error {
	returnTo := c.query.Text("return_to")
	if returnTo == "" {
		returnTo = "/"
	}
	if !localpath.Is(returnTo) {
		return querystring.Invalid("return_to",
			"must be a path of this host that starts with one slash")
	}
	location, secret, err := a.signin.Start(c.Context())
	if err != nil {
		return err
	}
	a.setCookie(w, c.Request, flowCookie,
		secret+"."+base64.RawURLEncoding.EncodeToString([]byte(returnTo)), flowLifetime)
	return redirect(w, location)
}

// finishOpenID deletes the flow's cookie even if it then fails: a callback is
// accepted once.
func (a *api) finishOpenID(w http.ResponseWriter, c *call) error {
	cookie, ok := a.readCookie(c.Request, flowCookie)
	if !ok {
		return errSignInFlow
	}
	a.deleteCookie(w, c.Request, flowCookie)
	secret, encoded, _ := strings.Cut(cookie, ".")
	returnTo, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !localpath.Is(string(returnTo)) || c.query.Has("error") {
		return errSignInFlow
	}
	callback := signin.Callback{State: c.query.Text("state"), Code: c.query.Text("code"),
		Issuer: c.query.Text("iss")}
	session, err := a.signin.Finish(c.Context(), secret, callback, c.UserAgent())
	if err != nil {
		return err
	}
	if err := a.startSession(w, c, session); err != nil {
		return err
	}
	return redirect(w, string(returnTo))
}

// redirect sends location unchanged: http.Redirect would clean the path.
func redirect(w http.ResponseWriter, location string) error {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
	return nil
}
