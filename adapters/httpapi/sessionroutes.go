package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// sessionRoutes returns the routes for signing in. They don't exist with
// [Options.Authenticate]: such a host has its own sessions.
func (a *api) sessionRoutes() []operation {
	if a.signin == nil {
		return nil
	}
	const own, all = apiRoot + "sessions", apiRoot + "users/{id}/sessions"
	session, page := goType[sessionBody](), goType[page[sessionBody]]()
	routes := []operation{{
		id: "signIn", method: http.MethodPost, path: own, tag: "sessions",
		summary: "Sign in by password",
		body:    jsonBody[credentials](),
		response: response{status: http.StatusCreated,
			doc: "The session; its secret is in the cookie.", schema: session,
			headers: []string{"Location", "Set-Cookie"}},
		codes: []tenancy.Code{tenancy.CodeUnauthenticated, tenancy.CodeTooManyAttempts,
			CodeCrossOrigin},
		handle: a.signIn,
	}, {
		id: "signOut", method: http.MethodDelete, path: own, tag: "sessions",
		summary: "Sign out: end the session of this call",
		access:  signedIn, codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent, doc: "The session has ended.",
			headers: []string{"Set-Cookie"}},
		handle: a.signOut,
	}, {
		id: "listSessions", method: http.MethodGet, path: own, tag: "sessions",
		summary: "List the caller's own sessions",
		access:  signedIn, params: pageParams,
		response: response{status: http.StatusOK, doc: "One page, newest first.", schema: page},
		handle:   a.listOwnSessions,
	}, {
		id: "endSession", method: http.MethodDelete, path: own + "/{id}", tag: "sessions",
		summary: "End one of the caller's own sessions",
		access:  signedIn, codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent,
			doc: "The session is refused from the next request on."},
		handle: a.endOwnSession,
	}, {
		id: "listUserSessions", method: http.MethodGet, path: all, tag: "sessions",
		summary: "List a user's sessions",
		access:  signedIn, needs: tenancy.UserManage, params: pageParams,
		codes:    []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeNotFound},
		response: response{status: http.StatusOK, doc: "One page, newest first.", schema: page},
		handle:   a.listUserSessions,
	}, {
		id: "endUserSessions", method: http.MethodDelete, path: all, tag: "sessions",
		summary: "End all sessions of a user",
		access:  signedIn, needs: tenancy.UserManage,
		codes: []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent,
			doc: "The sessions are refused from the next request on."},
		handle: a.endUserSessions,
	}, {
		id: "changePassword", method: http.MethodPut, path: apiRoot + "me/password",
		tag:     "sessions",
		summary: "Change the caller's own password and end all their other sessions",
		access:  signedIn, body: jsonBody[passwordChange](),
		codes: []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeTooManyAttempts},
		response: response{status: http.StatusNoContent,
			doc:     "The session continues with a new secret.",
			headers: []string{"Set-Cookie"}},
		handle: a.changePassword,
	}}
	if a.openID {
		routes = append(routes, a.openIDRoutes()...)
	}
	return routes
}

// openIDRoutes returns the routes for signing in through the OpenID provider. The
// callback allows unknown parameters, because providers add some of their own.
func (a *api) openIDRoutes() []operation {
	const root = apiRoot + "sessions/oidc/"
	text := &huma.Schema{Type: huma.TypeString}
	redirectHeaders := []string{"Location", "Set-Cookie"}
	return []operation{{
		id: "startOpenID", method: http.MethodGet, path: root + "start", tag: "sessions",
		summary: "Start a sign-in through the OpenID provider",
		params: []parameter{{name: "return_to",
			doc: "the path of this host to return to; defaults to /", schema: text}},
		response: response{status: http.StatusFound, doc: "A redirect to the provider.",
			headers: redirectHeaders},
		handle: a.startOpenID,
	}, {
		id: "finishOpenID", method: http.MethodGet, path: root + "callback", tag: "sessions",
		summary: "Finish a sign-in through the OpenID provider",
		params: []parameter{
			{name: "state", doc: "the state that the start sent to the provider", schema: text},
			{name: "code", doc: "the authorization code", schema: text},
			{name: "iss", doc: "the provider's issuer (RFC 9207)", schema: text},
			{name: "error", doc: "why the provider sent no code", schema: text},
		},
		allowUnknownParams: true,
		response: response{status: http.StatusFound,
			doc: "Signed in: a redirect to return_to.", headers: redirectHeaders},
		codes:  []tenancy.Code{tenancy.CodeUnauthenticated, tenancy.CodeTooManyAttempts},
		handle: a.finishOpenID,
	}}
}

// addCrossOriginCode adds [CodeCrossOrigin] to every operation that changes something
// and that accepts a session's cookie.
func (a *api) addCrossOriginCode(ops []operation) []operation {
	if a.signin == nil {
		return ops
	}
	for i, op := range ops {
		if (op.access != anyone || op.optionalCaller) && op.method != http.MethodGet {
			ops[i].codes = append(op.codes[:len(op.codes):len(op.codes)], CodeCrossOrigin)
		}
	}
	return ops
}
