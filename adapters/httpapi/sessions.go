package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// sessionBody is a session in a response.
type sessionBody struct {
	ID         string    `json:"id" format:"uuid"`
	CreatedAt  timestamp `json:"created_at"`
	LastSeenAt timestamp `json:"last_seen_at" doc:"to the minute"`
	ExpiresAt  timestamp `json:"expires_at" doc:"fixed: use doesn't extend it"`
	Address    string    `json:"address" doc:"the IP address of the sign-in; empty if unknown"`
	UserAgent  string    `json:"user_agent" doc:"the User-Agent of the sign-in, shortened"`
	Current    bool      `json:"current" doc:"whether the caller uses this session"`
}

// credentials is the body of a sign-in by password.
type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password" format:"password"`
}

// passwordChange is the body of a user's change of their own password.
type passwordChange struct {
	Old string `json:"old" format:"password"`
	New string `json:"new" format:"password" doc:"10 to 1024 characters"`
}

func (c *call) showSession(s identity.Session) sessionBody {
	return sessionBody{
		ID: s.ID, CreatedAt: timestamp(s.CreatedAt), LastSeenAt: timestamp(s.SeenAt),
		ExpiresAt: timestamp(s.ExpiresAt),
		Address:   s.Address, UserAgent: s.Agent, Current: s.ID == c.session.ID,
	}
}

// setSessionCookie sets the cookie with the secret of a session.
func (a *api) setSessionCookie(
	w http.ResponseWriter, r *http.Request, s identity.Session, secret string,
) {
	a.setCookie(w, r, sessionCookie, secret, s.ExpiresAt.Sub(a.now()).Round(time.Second))
}

// startSession sets the cookie of a new session and ends the former session of the
// browser, if it has one.
func (a *api) startSession(w http.ResponseWriter, c *call, g signin.NewSession) error {
	if former, ok := a.readCookie(c.Request, sessionCookie); ok {
		if err := a.signin.SignOut(c.Context(), former); err != nil {
			return err
		}
	}
	c.session = g.Session
	a.setSessionCookie(w, c.Request, g.Session, g.Secret)
	return nil
}

// signIn starts a session by password. It checks the origin although there is no session
// yet: another site must not sign in the browser as a different user (login CSRF).
func (a *api) signIn(w http.ResponseWriter, c *call) error {
	if err := a.sameOrigin(c.Request); err != nil {
		return err
	}
	var in credentials
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	session, err := a.signin.SignIn(c.Context(),
		signin.Attempt{Email: in.Email, Password: in.Password, Agent: c.UserAgent()})
	if err != nil {
		return err
	}
	if err := a.startSession(w, c, session); err != nil {
		return err
	}
	w.Header().Set("Location", a.prefix+apiRoot+"sessions/"+c.session.ID)
	return writeJSON(w, http.StatusCreated, c.showSession(c.session))
}

var errNoSession = tenancy.Errorf(tenancy.CodeNotFound,
	"the call has a token, not a session: there is no session to end")

// signOut ends the session of the call. A caller with a token has none.
func (a *api) signOut(w http.ResponseWriter, c *call) error {
	if c.session.ID == "" {
		return errNoSession
	}
	return a.endSession(w, c, c.principal.ID, c.session.ID)
}

// endOwnSession ends a session of the caller. The use case treats a session of another
// user as not found.
func (a *api) endOwnSession(w http.ResponseWriter, c *call) error {
	if c.principal.Kind != tenancy.UserPrincipal {
		return tenancy.ErrNotFound
	}
	return a.endSession(w, c, c.principal.ID, c.PathValue("id"))
}

// endSession ends a session. If it is the caller's current one, it also deletes the
// cookie.
func (a *api) endSession(w http.ResponseWriter, c *call, user, id string) error {
	if err := a.signin.End(c.Context(), c.principal, user, id); err != nil {
		return err
	}
	if id == c.session.ID {
		a.deleteCookie(w, c.Request, sessionCookie)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// listOwnSessions lists the caller's sessions. An API key gets an empty list, not an
// error, so that clients need no special case.
func (a *api) listOwnSessions(w http.ResponseWriter, c *call) error {
	if c.principal.Kind != tenancy.UserPrincipal { // only users have sessions
		return a.writeSessions(w, c, "list own sessions", nil)
	}
	return a.listSessions(w, c, "list own sessions", c.principal.ID)
}

// listUserSessions lists a user's sessions for a super-admin. The user's id is part of
// the list's name, so that a cursor is valid for this user only.
func (a *api) listUserSessions(w http.ResponseWriter, c *call) error {
	user := c.PathValue("id")
	return a.listSessions(w, c, "list sessions of "+user, user)
}

func (a *api) listSessions(w http.ResponseWriter, c *call, list, user string) error {
	found, err := a.signin.List(c.Context(), c.principal, user)
	if err != nil {
		return err
	}
	return a.writeSessions(w, c, list, found)
}

// writeSessions writes one page of all, newest first. A user has few sessions, so all of
// them are read; their ids are in the order of creation.
func (a *api) writeSessions(
	w http.ResponseWriter, c *call, list string, all []identity.Session,
) error {
	l, err := c.listing(list)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(x, y identity.Session) int { return cmp.Compare(y.ID, x.ID) })
	all = slices.DeleteFunc(all,
		func(x identity.Session) bool { return l.after != "" && x.ID >= l.after })
	return writeJSON(w, http.StatusOK,
		pageOf(l, all, func(s identity.Session) string { return s.ID }, c.showSession))
}

func (a *api) endUserSessions(w http.ResponseWriter, c *call) error {
	if err := a.signin.EndAll(c.Context(), c.principal, c.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// changePassword ends all other sessions of the user and gives this one a new secret,
// in case someone else has learned the old one.
func (a *api) changePassword(w http.ResponseWriter, c *call) error {
	var in passwordChange
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	caller := signin.Caller{Principal: c.principal, Session: c.session}
	secret, err := a.signin.ChangePassword(c.Context(), caller, in.Old, in.New)
	if err != nil {
		return err
	}
	a.setSessionCookie(w, c.Request, c.session, secret)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
