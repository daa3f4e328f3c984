package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/adapters/internal/localpath"
)

// bareFrame returns the frame of a page without a tenant and without navigation.
func (r *Request) bareFrame(title string) view.Frame {
	root := r.Site.Root
	return view.Frame{
		Title: title, Site: r.Site.Title, Home: root.To(),
		Assets: view.Assets{
			Style:  root.To("assets", view.Style.Name),
			Script: root.To("assets", view.Script.Name), Icon: root.To("assets", view.Icon.Name),
		},
	}
}

// Frame returns the frame of the page with this title. The handler sets Trail and Notice.
func (r *Request) Frame(title string) view.Frame {
	f := r.bareFrame(title)
	if r.Caller.Kind == "" && r.Caller.ID == "" {
		return f
	}
	f.Person = r.Caller.Person()
	f.SignOut = r.Site.SignOut
	if r.Site.Serves("signOut") {
		f.SignOut = r.Site.Root.To("sign-out")
	}
	if r.Site.Serves("listSessions") {
		f.Account = r.Site.Root.To("account")
	}
	f.Notice = notice(r.URL.Query().Get("done"))
	if r.Caller.Tenant.ID != "" {
		f.Tenant = r.tenantBar()
		f.Nav = r.tenantNav()
	}
	if groups := r.platformNav(); len(groups.Items) > 0 {
		f.Nav = append(f.Nav, groups)
	}
	f.Switcher = r.switcher()
	return f
}

// tenantBar describes the page's tenant.
func (r *Request) tenantBar() *view.Tenant {
	t := r.Caller.Tenant
	bar := &view.Tenant{Slug: t.Slug, Name: t.Name, Role: r.Caller.Role, State: t.State,
		Only: !r.Site.MultiTenant}
	if r.Site.MultiTenant && r.Caller.Visiting() {
		bar.Visit = &view.Visit{Reason: r.visitReason(), Form: r.URLs.To("visit")}
	}
	return bar
}

// navEntry is a link of a tenant's navigation.
type navEntry struct {
	text, segment string
	operation     string // of the API, without which there is no such page
	permission    string // without which the page would be refused
}

var administration = []navEntry{
	{"Members", "members", "listMembers", "member.read"},
	{"Invitations", "invitations", "listInvitations", "member.read"},
	{"API keys", "keys", "listKeys", "key.read"},
	{"Audit log", "audit", "listAudit", "audit.read"},
	{"Import and export", "promotion", "export", "bundle.export"},
	{"Federation", "federation", "", "tenant.read"},
	{"Secrets", "secrets", "listSecrets", "secret.read"},
	{"Settings and quotas", "settings", "getTenant", "tenant.read"},
}

// tenantNav returns the navigation of the tenant's pages.
func (r *Request) tenantNav() []view.NavGroup {
	resources := view.NavGroup{Items: []view.NavItem{r.navItem("Overview")}}
	if r.Caller.May("resource.read") && r.Site.Serves("discover") {
		for _, kind := range r.Site.Kinds.All() {
			resources.Items = append(resources.Items, r.navItem(KindTitle(kind.Path), kind.Path))
		}
	}
	admin := view.NavGroup{Name: "Administration"}
	for _, e := range administration {
		if r.Caller.May(e.permission) && (e.operation == "" || r.Site.Serves(e.operation)) {
			admin.Items = append(admin.Items, r.navItem(e.text, e.segment))
		}
	}
	return []view.NavGroup{resources, admin}
}

func (r *Request) navItem(text string, segments ...string) view.NavItem {
	href := r.URLs.To(segments...)
	return view.NavItem{Link: view.Link{Text: text, Href: href}, Current: r.isAt(href)}
}

// isAt reports whether the page is the one of a path, or below it.
func (r *Request) isAt(href string) bool {
	path := r.URL.EscapedPath()
	return path == href || !strings.HasSuffix(href, "/") && strings.HasPrefix(path, href+"/")
}

// platformNav returns the navigation of super-admins.
func (r *Request) platformNav() view.NavGroup {
	g := view.NavGroup{Name: "Installation"}
	if !r.Caller.SuperAdmin {
		return g
	}
	add := func(text, segment, operation string) {
		if href := r.Site.Root.To(segment); r.Site.Serves(operation) {
			g.Items = append(g.Items, view.NavItem{Link: view.Link{Text: text, Href: href},
				Current: r.isAt(href)})
		}
	}
	if r.Site.MultiTenant {
		add("Tenants", "tenants", "createTenant")
	}
	add("Users", "users", "createUser")
	add("Audit log of all tenants", "audit", "listPlatformAudit")
	return g
}

// KindTitle returns the name of a kind for people: "Model configs".
func KindTitle(path string) string {
	words := strings.ReplaceAll(path, "-", " ")
	words = strings.ReplaceAll(words, "mcp ", "MCP ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// notices are what writes say on the page after them. The address holds only their names.
var notices = map[string]string{
	"created": "Created.", "saved": "Saved.", "deleted": "Deleted.", "removed": "Removed.",
	"revoked":  "Revoked.",
	"restored": "Restored.", "suspended": "The tenant is suspended.", "activated": "The tenant is active.",
	"unchanged":     "Nothing was changed: all of it was there already.",
	"all_ended":     "All sessions of the user have ended.",
	"user_password": "The password is changed. All sessions of the user have ended.",
	"ended":         "The session has ended.", "others_ended": "All other sessions have ended.",
	"password": "The password is changed. All other sessions have ended.",
	"secret":   "The secret is set.", "unset": "The secret has no value any more.", "visit": "The reason is kept.",
}

func notice(name string) *view.Notice {
	if text := notices[name]; text != "" {
		return &view.Notice{Text: text}
	}
	return nil
}

// Done returns path with the name of a notice for the page after a write.
func Done(path, name string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set("done", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// Here returns the page's own path with its filter and position, to come back to. It leaves
// out what a write has done, and where to go afterwards if no page of this tenant is there.
func (r *Request) Here() string {
	pairs := slices.DeleteFunc(strings.Split(r.URL.RawQuery, "&"), func(pair string) bool {
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name) // what it can't decode isn't one of these names
		value, err := url.QueryUnescape(value)
		elsewhere := name == "back" && (err != nil || !isBelow(r.within(), value))
		return pair == "" || name == "done" || name == "return_to" || elsewhere
	})
	here := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: strings.Join(pairs, "&")}
	return here.String()
}

// Owns reports whether target is the path of one of the pages.
func (s *Site) Owns(target string) bool { return isBelow(string(s.Root), target) }

// isBelow reports whether every browser reads target as the path root or one below it.
func isBelow(root, target string) bool {
	path, _, _ := strings.Cut(target, "?")
	return localpath.Is(target) && !strings.Contains(target, "#") &&
		(path == root || strings.HasPrefix(path, root+"/")) &&
		!slices.ContainsFunc(strings.Split(path, "/"), climbs)
}

// climbs reports whether browsers read a segment as the folder itself or the one above it
// (WHATWG URL, section 4.4).
func climbs(segment string) bool {
	plain := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
	return plain == "." || plain == ".."
}

// Back returns the page that the field back or the parameter back names, if it is one of
// the pages of this tenant, else fallback. So a write leads to the list, filter and position
// that it came from.
func (r *Request) Back(fallback string) string {
	back := r.Form.Get("back")
	if r.Method != http.MethodPost {
		back = r.URL.Query().Get("back")
	}
	if isBelow(r.within(), back) {
		return back
	}
	if back == "" && r.Method != http.MethodPost {
		return r.referringList(fallback)
	}
	return fallback
}

// within returns the path that a page to go back to is at or below.
func (r *Request) within() string {
	if r.Route.Access == InTenant {
		return string(r.URLs)
	}
	return string(r.Site.Root)
}

// referringList returns the list with its filter from which the browser came, if it is the one
// that fallback is, else fallback.
func (r *Request) referringList(fallback string) string {
	from := r.referrer()
	if path, _, _ := strings.Cut(from, "?"); path != "" && path == fallback {
		return from
	}
	return fallback
}

// longestBack is the longest path, in bytes, that each row of a list carries.
const longestBack = 200

// RowBack returns the path of a list for the links of its rows. It is "" for a long one: the
// pages find it in the browser's header Referer.
func RowBack(list string) string {
	if len(list) > longestBack {
		return ""
	}
	return list
}

// BackField returns the hidden field that keeps the page to go back to.
func (r *Request) BackField(fallback string) view.Hidden {
	return view.Hidden{Name: "back", Value: r.Back(fallback)}
}
