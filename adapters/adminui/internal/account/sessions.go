package account

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// session is a session as the API shows it.
type session struct {
	ID         string    `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	Address    string    `json:"address"`
	UserAgent  string    `json:"user_agent"`
	Current    bool      `json:"current"`
}

// sessionRoutes returns what ends sessions.
func sessionRoutes() []page.Route {
	return []page.Route{
		{Method: http.MethodPost, Path: "/account/sessions/end-others", Access: page.SignedIn,
			Handle: endOtherSessions},
		{Method: http.MethodPost, Path: "/account/sessions/{id}/end", Access: page.SignedIn,
			Handle: endSession},
	}
}

// listSessions returns all sessions of the person, who has few: each ends by itself in days.
func listSessions(r *page.Request) ([]session, error) {
	var all []session
	query := url.Values{"limit": {"1000"}}
	for s, err := range apicall.All[session](r.Context(), r.API, "/sessions", query) {
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func hasCurrent(all []session) bool {
	return slices.ContainsFunc(all, func(s session) bool { return s.Current })
}

func hasOthers(all []session) bool {
	return slices.ContainsFunc(all, func(s session) bool { return !s.Current })
}

func showSessions(r *page.Request, all []session) []view.Session {
	var shown []view.Session
	for _, s := range all {
		row := view.Session{CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, Address: s.Address,
			Browser: browserName(s.UserAgent), Agent: s.UserAgent, Current: s.Current}
		if r.Site.Serves("endSession") {
			row.End = r.Site.Root.To("account", "sessions", s.ID, "end")
		}
		shown = append(shown, row)
	}
	return shown
}

// endSession ends one session. After the end of this one the person is signed out.
func endSession(r *page.Request) (page.Reply, error) {
	all, err := listSessions(r)
	if err != nil {
		return page.Reply{}, err
	}
	id := r.PathValue("id")
	if err := end(r, id); err != nil {
		return page.Reply{}, err
	}
	if slices.ContainsFunc(all, func(s session) bool { return s.ID == id && s.Current }) {
		return page.Go(r.SignInPath(r.Site.Root.To()))
	}
	return page.Go(page.Done(r.Site.Root.To("account"), "ended"))
}

// endOtherSessions ends all sessions but this one.
func endOtherSessions(r *page.Request) (page.Reply, error) {
	all, err := listSessions(r)
	if err != nil {
		return page.Reply{}, err
	}
	for _, s := range all {
		if s.Current {
			continue
		}
		if err := end(r, s.ID); err != nil {
			return page.Reply{}, err
		}
	}
	return page.Go(page.Done(r.Site.Root.To("account"), "others_ended"))
}

// end ends a session. One that has ended already is what the person wants.
func end(r *page.Request, id string) error {
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete, Path: sessionPath(id)})
	if p := apicall.ProblemOf(err); p != nil && p.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// What the header User-Agent of browsers and systems contains, the most special first: most
// browsers also name those that they descend from.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems = [][2]string{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"},
		{"iPad", "iPad"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
)

// browserName returns the browser and the system in words; of others, the header as it is.
func browserName(agent string) string {
	browser, system := firstIn(agent, browsers), firstIn(agent, systems)
	switch {
	case agent == "":
		return "unknown"
	case browser == "":
		return agent
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func firstIn(agent string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(agent, n[0]) {
			return n[1]
		}
	}
	return ""
}
