package walk

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// mutate asks for what belongs to others, in the ways that a page's address suggests: for all of
// it on the first page of each route, for some of it, in turn, on the others.
func (w *walker) mutate(ctx context.Context, target string) {
	if w.o.ReadOnly || !w.count("mutate "+Shape(target), 2) {
		return
	}
	for _, other := range w.o.Others {
		isFirst := w.count("route "+w.route(target, other), 1)
		w.otherTenant(ctx, target, other)
		w.otherIDs(ctx, target, w.some(isFirst, other.IDs))
		w.otherNames(ctx, target, other)
		w.otherPlaces(ctx, target, w.some(isFirst, places(w.o.Slug, other.Slug)))
		for _, cursor := range w.some(isFirst, other.Cursors) {
			w.ask(ctx, withQuery(target, "cursor", cursor))
		}
	}
	if w.isTenantPage(target) && w.o.ID != "" { // by its id, the tenant is found
		w.ask(ctx, strings.Replace(target, "/t/"+w.o.Slug, "/t/"+w.o.ID, 1))
	}
}

// route returns the shape of a path without the name of a resource and without what is searched
// for.
func (w *walker) route(target string, other Other) string {
	path, query, _ := strings.Cut(WithoutSearch(Shape(target)), "?")
	segments := strings.Split(path, "/") // of /admin/t/SLUG/KIND/NAME, and more
	if w.isTenantPage(target) && len(segments) > 5 && other.Names[segments[4]] != nil {
		segments[5] = "*"
	}
	return strings.Join(segments, "/") + "?" + query + " " + other.Slug
}

// some returns all, or one of them: the next one with each call.
func (w *walker) some(isAll bool, all []string) []string {
	if isAll || len(all) == 0 {
		return all
	}
	w.turn++
	at := w.turn % len(all)
	return all[at : at+1]
}

// ask asks for what no page leads to. [walker.check] finds what is wrong.
func (w *walker) ask(ctx context.Context, target string) answer {
	w.report.Mutations++
	return w.get(ctx, target)
}

// otherTenant asks for the same page of another tenant.
func (w *walker) otherTenant(ctx context.Context, target string, other Other) {
	if !w.isTenantPage(target) {
		return
	}
	for _, slug := range []string{other.Slug, other.ID, strings.ToUpper(other.Slug)} {
		a := w.ask(ctx, strings.Replace(target, "/t/"+w.o.Slug, "/t/"+slug, 1))
		if a.status < http.StatusBadRequest {
			w.fault(a, "is a page of another tenant")
		}
	}
}

// otherIDs asks for things of another tenant under the address of this one.
func (w *walker) otherIDs(ctx context.Context, target string, ids []string) {
	if !uuids.MatchString(target) {
		return
	}
	for _, id := range ids {
		a := w.ask(ctx, uuids.ReplaceAllString(target, id))
		if a.status == http.StatusOK && w.isTenantPage(target) && !strings.Contains(target, "?") {
			w.fault(a, "shows something of another tenant")
		}
	}
}

// otherNames asks for resources of another tenant under the address of this one.
func (w *walker) otherNames(ctx context.Context, target string, other Other) {
	rest, below := strings.CutPrefix(target, "/admin/t/"+w.o.Slug+"/")
	segments := strings.Split(rest, "/")
	if !below || len(segments) < 2 {
		return
	}
	names := other.Names[segments[0]]
	for i, name := range names {
		if strings.HasPrefix(name, "filler") || name == "default" || i > 5 {
			continue
		}
		segments[1] = url.PathEscape(name)
		a := w.ask(ctx, "/admin/t/"+w.o.Slug+"/"+strings.Join(segments, "/"))
		if a.status == http.StatusOK {
			w.fault(a, "shows a resource of another tenant")
		}
	}
}

// places are those of another tenant, or of another host.
func places(mine, other string) []string {
	return []string{"/admin/t/" + other + "/", "https://evil.example/", "//evil.example/",
		`/\evil.example/`, "/admin/../t/" + other, "/admin/t/" + mine + "/../" + other + "/",
		"javascript:alert(1)"}
}

// otherPlaces asks to go to other places afterwards.
func (w *walker) otherPlaces(ctx context.Context, target string, places []string) {
	for _, place := range places {
		w.ask(ctx, withQuery(withQuery(target, "back", place), "return_to", place))
	}
}

// attack posts a form of the tenant to another one, and a form of another one to it. Nothing
// of it may be done.
func (w *walker) attack(ctx context.Context, f form) {
	if !w.isTenantPage(f.action) {
		return
	}
	pairs, _ := w.fill(f, true)
	for _, other := range w.o.Others {
		w.mustRefuse(w.sendForm(ctx, f, strings.Replace(f.action, "/t/"+w.o.Slug, "/t/"+other.Slug, 1), pairs))
		w.mustRefuse(w.sendForm(ctx, f, strings.Replace(f.action, "/t/"+w.o.Slug, "/t/"+other.Slug, 1),
			withTenant(pairs, other.Slug)))
		w.mustRefuse(w.sendForm(ctx, f, f.action, withTenant(pairs, other.Slug)))
		w.mustRefuse(w.sendForm(ctx, f, f.action, withTenant(pairs, "")))
		if uuids.MatchString(f.action) {
			for _, id := range other.IDs {
				w.mustRefuse(w.sendForm(ctx, f, uuids.ReplaceAllString(f.action, id), pairs))
			}
		}
	}
}

// mustRefuse requires that nothing was done.
func (w *walker) mustRefuse(a answer) {
	w.report.Mutations++
	if a.status < http.StatusBadRequest {
		w.fault(a, "was done to or for another tenant: %s", a.location())
	}
}

// withTenant returns fields with another tenant.
func withTenant(pairs []pair, slug string) []pair {
	var changed []pair
	for _, p := range pairs {
		if p.name == "tenant" {
			p.value = slug
		}
		changed = append(changed, p)
	}
	return changed
}
