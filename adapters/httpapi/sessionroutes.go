package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// sessionRoutes are there where the library itself finds out who calls. A host
// that does so by [Options.Authenticate] has sessions of its own.
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
			doc: "The session, whose secret is in a cookie.", schema: session,
			headers: []string{"Location", "Set-Cookie"}},
		codes: []tenancy.Code{tenancy.CodeUnauthenticated, tenancy.CodeTooManyAttempts,
			CodeCrossOrigin},
		handle: a.signIn,
	}, {
		id: "signOut", method: http.MethodDelete, path: own, tag: "sessions",
		summary: "End the session of the call",
		access:  signedIn, codes: []tenancy.Code{tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent, doc: "It has ended.",
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
			doc: "It is refused from the next request on."},
		handle: a.endOwnSession,
	}, {
		id: "listUserSessions", method: http.MethodGet, path: all, tag: "sessions",
		summary: "List a user's sessions",
		access:  signedIn, needs: tenancy.ManageUsers, params: pageParams,
		codes:    []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeNotFound},
		response: response{status: http.StatusOK, doc: "One page, newest first.", schema: page},
		handle:   a.listUserSessions,
	}, {
		id: "endUserSessions", method: http.MethodDelete, path: all, tag: "sessions",
		summary: "End all sessions of a user",
		access:  signedIn, needs: tenancy.ManageUsers,
		codes: []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeNotFound},
		response: response{status: http.StatusNoContent,
			doc: "They are refused from the next request on."},
		handle: a.endUserSessions,
	}, {
		id: "changePassword", method: http.MethodPut, path: apiRoot + "me/password",
		tag: "sessions", summary: "Change one's own password, and end all other sessions",
		access: signedIn, body: jsonBody[passwordChange](),
		codes: []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeTooManyAttempts},
		response: response{status: http.StatusNoContent, doc: "The session goes on, with a new secret.",
			headers: []string{"Set-Cookie"}},
		handle: a.changePassword,
	}}
	if a.openID {
		routes = append(routes, a.openIDRoutes()...)
	}
	return routes
}

func (a *api) openIDRoutes() []operation {
	const root = apiRoot + "sessions/oidc/"
	text := &huma.Schema{Type: huma.TypeString}
	elsewhere := []string{"Location", "Set-Cookie"}
	return []operation{{
		id: "startOpenID", method: http.MethodGet, path: root + "start", tag: "sessions",
		summary: "Sign in through the OpenID provider",
		params: []parameter{{name: "return_to",
			doc: "a path of this host, to come back to; / without it", schema: text}},
		response: response{status: http.StatusFound, doc: "To the provider.", headers: elsewhere},
		handle:   a.startOpenID,
	}, {
		id: "finishOpenID", method: http.MethodGet, path: root + "callback", tag: "sessions",
		summary: "Come back from the OpenID provider",
		params: []parameter{
			{name: "state", doc: "as the provider was given it", schema: text},
			{name: "code", doc: "to be redeemed", schema: text},
			{name: "iss", doc: "the provider's issuer (RFC 9207)", schema: text},
			{name: "error", doc: "why there is no code", schema: text},
		},
		allowUnknownParams: true,
		response: response{status: http.StatusFound,
			doc: "Signed in, and back to where it began.", headers: elsewhere},
		codes:  []tenancy.Code{tenancy.CodeUnauthenticated, tenancy.CodeTooManyAttempts},
		handle: a.finishOpenID,
	}}
}

// addCrossOriginCode adds what every operation can answer that changes something and that
// a session's cookie can call.
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
