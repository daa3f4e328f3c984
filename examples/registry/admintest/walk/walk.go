package walk

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// walker is a walk under way.
type walker struct {
	o       Options
	client  *http.Client
	report  Report
	known   map[string]bool // faults
	seen    map[string]bool // paths and forms
	shapes  map[string]int  // how often each shape was visited
	paths   []target        // to visit
	forms   []found         // to send
	dangers []found         // to send last
	sent    int             // values that were made up
	turn    int             // of what is asked for in turn
}

// target is a path to visit.
type target struct {
	path  string
	typed bool // a person typed a part of it: the page may say that it is wrong
	past  bool // the audit log leads to it: it may be gone
}

// found is a form with the page that has it.
type found struct {
	page, method string // of the request that the page answered
	form         form
}

// Walk walks the pages.
func Walk(ctx context.Context, o Options) Report {
	if o.MaxFaults == 0 {
		o.MaxFaults = 500
	}
	w := &walker{o: o, client: newClient(), known: map[string]bool{}, seen: map[string]bool{},
		shapes: map[string]int{}}
	if !w.signIn(ctx) {
		return w.report
	}
	w.paths = append(w.paths, target{path: "/admin/"}, target{path: "/admin/t/" + o.Slug + "/"})
	for w.step(ctx) {
	}
	w.finish(ctx)
	return w.report
}

// limit is how many requests a walk may take. More means that pages have no end.
const limit = 20_000

// step does the next thing: what changes nothing comes first, what can't be undone last.
func (w *walker) step(ctx context.Context) bool {
	switch {
	case len(w.report.Faults) >= w.o.MaxFaults || ctx.Err() != nil:
		return false
	case w.report.Requests > limit:
		w.fault(answer{}, "the pages have no end: %d to visit", len(w.paths))
		return false
	case len(w.paths) > 0:
		next := w.paths[0]
		w.paths = w.paths[1:]
		w.visit(ctx, next)
	case len(w.forms) > 0:
		next := w.forms[0]
		w.forms = w.forms[1:]
		w.submit(ctx, next, false)
	case len(w.dangers) > 0:
		slices.SortStableFunc(w.dangers, func(a, b found) int { return w.harm(a) - w.harm(b) })
		next := w.dangers[0]
		w.dangers = w.dangers[1:]
		w.submit(ctx, next, true)
	default:
		return false
	}
	return true
}

// harm orders what can't be undone: what ends the person's own access comes last.
func (w *walker) harm(f found) int {
	switch {
	case w.o.UserID != "" && strings.Contains(f.form.action, w.o.UserID):
		return 2
	case strings.Contains(f.form.action, "/account") || strings.Contains(f.form.action, "/purge"):
		return 1
	}
	return 0
}

// visit asks for a path that a page leads to.
func (w *walker) visit(ctx context.Context, to target) {
	a := w.get(ctx, to.path)
	if w.isSignedOut(a) {
		if !w.signIn(ctx) {
			return
		}
		a = w.get(ctx, to.path)
	}
	refused := to.typed && a.status == http.StatusUnprocessableEntity ||
		to.past && a.status == http.StatusNotFound
	if !a.isOK() && !refused {
		w.fault(a, "a page leads here")
	}
	w.addVisit(a)
	w.collect(a)
	if !strings.HasPrefix(to.path, "/admin/assets/") {
		w.mutate(ctx, to.path)
	}
}

// addVisit remembers a page.
func (w *walker) addVisit(a answer) {
	v := Visit{Path: a.path, Shape: Shape(a.path), Status: a.status, Bytes: len(a.body)}
	if a.doc != nil {
		v.HTML = true
		v.Content, v.Frame = a.doc.structure()
	}
	w.report.Pages = append(w.report.Pages, v)
}

// collect adds what an answer leads to.
func (w *walker) collect(a answer) {
	if to := a.location(); to != "" {
		w.follow(a, to)
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
		w.followModule(a)
	}
	if a.doc == nil {
		return
	}
	targets := map[string]bool{}
	for _, l := range a.doc.links {
		targets[l.target] = true
		w.follow(a, l.target)
		if l.tag != "a" && l.tag != "link" && l.tag != "script" { // asked by the script
			w.follow(a, withQuery(l.target, "q", "CANARY"))
			w.follow(a, withQuery(l.target, "q", ""))
		}
	}
	w.report.Links += len(targets)
	for _, f := range a.doc.forms {
		w.addForm(a, f)
	}
}

// follow visits a target of an answer later, unless a like one was visited often enough.
func (w *walker) follow(a answer, to string) {
	w.followTarget(a, target{path: to, past: strings.Contains(a.path, "/audit")})
}

func (w *walker) followTarget(a answer, to target) {
	if strings.HasPrefix(to.path, "#") {
		return // a place in the page itself, which may be the answer to a form
	}
	base, err := url.Parse(a.path)
	if err != nil {
		w.fault(a, "%v", err)
		return
	}
	u, err := base.Parse(to.path)
	if err != nil || u.Host != "" || u.Scheme != "" || !isPage(u.Path) {
		return // checkLinks says what is wrong
	}
	u.Fragment = ""
	if other := tenantPath.FindStringSubmatch(u.Path); other != nil && other[1] != w.o.Slug {
		return // one of the person's other tenants, from the switcher
	}
	key := "GET " + withoutPlace(u)
	if w.seen[key] || !w.count("GET "+Shape(u.String()), w.often()) {
		return
	}
	w.seen[key] = true
	w.paths = append(w.paths, target{u.String(), to.typed, to.past})
}

// often returns how many pages of a shape are visited.
func (w *walker) often() int {
	if w.o.ReadOnly {
		return 3
	}
	return 6
}

// isPage reports whether a path is one of the admin pages.
func isPage(p string) bool { return p == "/admin" || strings.HasPrefix(p, "/admin/") }

// count reports whether a shape was met at most most times, this one included.
func (w *walker) count(shape string, most int) bool {
	w.shapes[shape]++
	return w.shapes[shape] <= most
}

// signIn signs in with the form of the page.
func (w *walker) signIn(ctx context.Context) bool {
	w.report.Signs++
	a := w.get(ctx, "/admin/sign-in")
	if a.doc == nil || len(a.doc.forms) == 0 {
		w.fault(a, "has no form to sign in")
		return false
	}
	values := url.Values{"email": {w.o.Email}, "password": {w.o.Password}}
	a = w.post(ctx, a.doc.forms[0].action, values)
	if a.status != http.StatusSeeOther {
		w.fault(a, "the person can't sign in")
		return false
	}
	w.collect(a)
	return true
}

func (w *walker) post(ctx context.Context, target string, values url.Values) answer {
	return w.send(ctx, http.MethodPost, target, "application/x-www-form-urlencoded", values.Encode())
}

// isSignedOut reports whether an answer asks the person to sign in.
func (w *walker) isSignedOut(a answer) bool {
	return strings.HasPrefix(a.location(), "/admin/sign-in") || a.status == http.StatusUnauthorized
}

// finish signs out; then no page may show anything.
func (w *walker) finish(ctx context.Context) {
	if len(w.report.Faults) > 0 || w.o.ReadOnly {
		return
	}
	w.post(ctx, "/admin/sign-out", nil)
	for _, p := range w.report.Pages {
		if strings.HasPrefix(p.Path, "/admin/assets/") || path.Base(p.Path) == "sign-in" ||
			strings.HasPrefix(p.Path, "/admin/sign-in?") || p.Path == "/admin" {
			continue
		}
		if a := w.get(ctx, p.Path); !w.isSignedOut(a) {
			w.fault(a, "is shown to someone who isn't signed in")
		}
	}
}
