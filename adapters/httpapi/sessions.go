package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// sessionBody is a session as it is answered.
type sessionBody struct {
	ID         string    `json:"id" format:"uuid"`
	CreatedAt  timestamp `json:"created_at"`
	LastSeenAt timestamp `json:"last_seen_at" doc:"to the minute"`
	ExpiresAt  timestamp `json:"expires_at" doc:"however much it is used"`
	Address    string    `json:"address" doc:"the IP address that it was begun from; empty when there was none"`
	UserAgent  string    `json:"user_agent" doc:"what the browser called itself, shortened"`
	Current    bool      `json:"current" doc:"this is the caller's own"`
}

// credentials are what a session is begun with.
type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password" format:"password"`
}

// passwordChange is a user's change of their own password.
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

// setSessionCookie gives the browser the secret of a session.
func (a *api) setSessionCookie(
	w http.ResponseWriter, r *http.Request, s identity.Session, secret string,
) {
	a.setCookie(w, r, sessionCookie, secret, s.ExpiresAt.Sub(a.now()).Round(time.Second))
}

// startSession gives the browser a session in place of the one that it may have: that
// one ends.
func (a *api) startSession(w http.ResponseWriter, c *call, g signin.NewSession) error {
	if former, ok := a.readCookie(c.Request, sessionCookie); ok {
		if err := a.signin.Leave(c.Context(), former); err != nil {
			return err
		}
	}
	c.session = g.Session
	a.setSessionCookie(w, c.Request, g.Session, g.Secret)
	return nil
}

// signIn begins a session by password. It has no session yet that would have to
// be protected against cross-site forgery, but nobody is to be signed in as
// somebody else either.
func (a *api) signIn(w http.ResponseWriter, c *call) error {
	if err := a.sameOrigin(c.Request); err != nil {
		return err
	}
	var in credentials
	if err := readJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	grant, err := a.signin.SignIn(c.Context(),
		signin.Attempt{Email: in.Email, Password: in.Password, Agent: c.UserAgent()})
	if err != nil {
		return err
	}
	if err := a.startSession(w, c, grant); err != nil {
		return err
	}
	w.Header().Set("Location", a.prefix+apiRoot+"sessions/"+grant.Session.ID)
	return writeJSON(w, http.StatusCreated, c.showSession(grant.Session))
}

var errNoSession = tenancy.Errorf(tenancy.CodeNotFound,
	"you call with a token: there is no session to end")

func (a *api) signOut(w http.ResponseWriter, c *call) error {
	if c.session.ID == "" {
		return errNoSession
	}
	return a.endSession(w, c, c.principal.ID, c.session.ID)
}

func (a *api) endOwnSession(w http.ResponseWriter, c *call) error {
	if c.principal.Kind != tenancy.UserPrincipal {
		return tenancy.ErrNotFound
	}
	return a.endSession(w, c, c.principal.ID, c.PathValue("id"))
}

// endSession ends a session, and takes the cookie away from whoever has ended their own.
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

func (a *api) listOwnSessions(w http.ResponseWriter, c *call) error {
	if c.principal.Kind != tenancy.UserPrincipal { // a program has none
		return a.writeSessions(w, c, "list own sessions", nil)
	}
	return a.listSessions(w, c, "list own sessions", c.principal.ID)
}

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

// writeSessions answers one page. A user has few sessions, so they are read
// whole; their ids are in the order of their beginnings.
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

func (a *api) changePassword(w http.ResponseWriter, c *call) error {
	var in passwordChange
	if err := readJSON(w, c.Request, a.resourceLimit, &in); err != nil {
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
