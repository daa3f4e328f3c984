package walk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// searches are what is typed into fields of a search.
var searches = []string{"CANARY", `<x-hostile>"'&{{.}}`, "%' OR tenant_id IS NOT NULL --"}

// addForm sends a form later: one that only asks, with each choice and each search.
func (w *walker) addForm(a answer, f form) {
	if f.action == "" {
		f.action = a.path
	}
	if f.method == http.MethodGet {
		w.addQueries(a, f)
		return
	}
	last := path.Base(strings.Split(f.action, "?")[0])
	if !isPage(f.action) || last == "sign-out" || last == "sign-in" || w.o.ReadOnly {
		return // they come first and last
	}
	key := "POST " + Shape(f.action) + " " + f.names()
	if !w.count(key, 2) {
		return
	}
	isKept := w.o.Keep != "" && strings.Contains(f.action, "/"+w.o.Keep+"/")
	if isKept && slices.Contains(dangerous, last) {
		return
	}
	if f.danger || slices.Contains(dangerous, last) {
		w.dangers = append(w.dangers, found{a.path, a.method, f})
		return
	}
	w.forms = append(w.forms, found{a.path, a.method, f})
}

// dangerous are the last segments of forms that take something away.
var dangerous = []string{"delete", "remove", "revoke", "purge", "suspend", "end", "rotate", "leave"}

// addQueries follows what a form that only asks leads to.
func (w *walker) addQueries(a answer, f form) {
	var base []string
	for _, x := range f.fields {
		if x.kind != "checkbox" && x.kind != "radio" || x.checked {
			base = append(base, x.name, x.value)
		}
	}
	ask := func(name, value string) {
		to := f.action
		for i := 0; i < len(base); i += 2 {
			to = withQuery(to, base[i], base[i+1])
		}
		w.report.Forms++
		w.followTarget(a, target{path: withQuery(to, name, value), typed: true})
	}
	for _, x := range f.fields {
		values := x.options
		switch x.kind {
		case "search", "text", "":
			values = searches
		case "checkbox", "radio":
			values = []string{x.value}
		}
		for _, value := range values {
			ask(x.name, value)
		}
	}
}

// submit sends a form twice: filled in, and with all texts empty. What the answers lead to is
// walked, too. What can't be undone is sent empty first, if it asks for something.
func (w *walker) submit(ctx context.Context, f found, danger bool) {
	w.report.Forms++
	w.attack(ctx, f.form)
	order := []bool{true, false}
	if danger {
		order = []bool{false, true}
	}
	for _, filled := range order {
		if danger && !filled && !f.form.asks() {
			continue
		}
		fresh, ok := w.again(ctx, f)
		if !ok {
			return
		}
		pairs, _ := w.fill(fresh, filled)
		a := w.sendForm(ctx, fresh, fresh.action, pairs)
		if w.isSignedOut(a) {
			w.signIn(ctx)
			return
		}
		w.note(a, filled)
		w.collect(a)
	}
}

// note counts what was accepted, and remembers why the rest wasn't.
func (w *walker) note(a answer, filled bool) {
	switch {
	case filled && a.isOK():
		w.report.Accepted++
	case filled:
		w.report.Refused = append(w.report.Refused,
			fmt.Sprintf("%s (%d): %.200s", a.path, a.status, reasons(a)))
	}
}

// again returns a form as its page has it now.
func (w *walker) again(ctx context.Context, f found) (form, bool) {
	a := w.get(ctx, f.page)
	if a.doc == nil {
		return form{}, false
	}
	for _, fresh := range a.doc.forms {
		if fresh.action == f.form.action && fresh.names() == f.form.names() {
			return fresh, true
		}
	}
	return f.form, a.method != f.method // a page that came after a post can't be asked for
}

// asks reports whether a form has a field that someone fills in.
func (f form) asks() bool {
	return slices.ContainsFunc(f.fields, func(x field) bool { return x.kind != "hidden" && x.kind != "button" })
}

// reasons returns what a page says is wrong.
func reasons(a answer) string {
	if a.doc == nil {
		return ""
	}
	var all []string
	for n := range a.doc.root.Descendants() {
		if hasClass(n, "error") || hasClass(n, "lead") {
			all = append(all, strings.TrimSpace(text(n)))
		}
	}
	return strings.Join(all, "; ")
}

// pair is a field that is sent.
type pair struct{ name, value, kind string }

// fill returns the fields of a form. Empty is what someone sends who typed nothing and
// deleted everything.
func (w *walker) fill(f form, filled bool) (pairs []pair, typed url.Values) {
	typed = url.Values{}
	for _, x := range f.fields {
		p := pair{x.name, x.value, x.kind}
		switch x.kind {
		case "hidden":
		case "select":
			if p.value == "" && filled {
				p.value = firstOf(x.options)
			}
		case "checkbox", "radio":
			if !x.checked && !(filled && x.required) {
				continue
			}
		case "button":
			continue
		default:
			if p.value = ""; filled {
				p.value = w.plausible(f, x)
			}
		}
		pairs = append(pairs, p)
		typed.Add(p.name, p.value)
	}
	return pairs, typed
}

// firstOf returns the first option that says something.
func firstOf(options []string) string {
	i := slices.IndexFunc(options, func(o string) bool { return o != "" })
	if i < 0 {
		return ""
	}
	return options[i]
}

// plausible returns a value for a field: what is there, or something that fits.
func (w *walker) plausible(f form, x field) string {
	w.sent++
	switch {
	case x.kind == "password":
		return w.o.Password
	case x.name == "confirm":
		return w.o.Slug
	case x.value != "":
		return x.value
	case w.o.Fill[x.name] != "":
		return w.o.Fill[x.name]
	case x.kind == "email":
		return fmt.Sprintf("%s%d@walked.example", Made, w.sent)
	case x.kind == "number":
		return "1"
	case x.kind == "datetime-local":
		return time.Now().AddDate(1, 0, 0).UTC().Format("2006-01-02T15:04:05")
	case x.kind == "file":
		return string(w.o.Upload)
	case x.name == "reason":
		return "a walk"
	case x.name == "slug":
		return fmt.Sprintf("%s%d", Made, w.sent)
	case x.name == "name":
		return fmt.Sprintf("%s%d", Made, w.sent)
	case x.kind == "textarea" && !x.required:
		return ""
	}
	if x.required {
		return fmt.Sprintf("%s%d", Made, w.sent)
	}
	return ""
}

// sendForm posts fields to a path.
func (w *walker) sendForm(ctx context.Context, f form, target string, pairs []pair) answer {
	w.report.Posts++
	if f.upload {
		return w.upload(ctx, target, pairs)
	}
	values := url.Values{}
	for _, p := range pairs {
		values.Add(p.name, p.value)
	}
	return w.post(ctx, target, values)
}

func (w *walker) upload(ctx context.Context, target string, pairs []pair) answer {
	var body strings.Builder
	form := multipart.NewWriter(&body)
	for _, p := range pairs {
		create := form.CreateFormField
		if p.kind == "file" {
			create = func(name string) (io.Writer, error) { return form.CreateFormFile(name, "walked.json") }
		}
		part, err := create(p.name)
		if err != nil {
			continue // a strings.Builder never fails
		}
		_, _ = part.Write([]byte(p.value))
	}
	_ = form.Close()
	return w.send(ctx, http.MethodPost, target, form.FormDataContentType(), body.String())
}

// followModule follows the paths in what the pages' script imports.
func (w *walker) followModule(a answer) {
	raw, isModule := strings.CutPrefix(a.body, "export default ")
	if !isModule {
		return // the pages' script itself
	}
	var value any
	if err := json.Unmarshal([]byte(raw), &value); err != nil {
		w.fault(a, "isn't a module of JSON: %v", err)
		return
	}
	w.followValue(a, value)
}

func (w *walker) followValue(a answer, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			w.followValue(a, item)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if target, ok := v[name].(string); ok && name == "href" {
				w.checkModuleTarget(a, target)
			}
			w.followValue(a, v[name])
		}
	}
}

// checkModuleTarget checks a link that the script makes.
func (w *walker) checkModuleTarget(a answer, target string) {
	if !isLocal(target) {
		w.fault(a, "leads to another host: %s", target)
	}
	isSwitch := strings.HasPrefix(a.path, "/admin/switch/")
	w.checkTarget(&a, link{target: target, tag: "module", switcher: isSwitch})
	w.follow(a, target)
}
