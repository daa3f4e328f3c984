package walk

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// policy is the content security policy of each page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';" +
	" form-action 'self'; frame-ancestors 'none'; base-uri 'none';" +
	" require-trusted-types-for 'script'"

// maxBytes is the longest page.
const maxBytes = 100 << 10

var expectedStatuses = []int{http.StatusOK, http.StatusSeeOther, http.StatusBadRequest,
	http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
	http.StatusConflict, http.StatusGone, http.StatusPreconditionFailed,
	http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
	http.StatusUnprocessableEntity, http.StatusTooManyRequests}

// check finds what is wrong with an answer.
func (w *walker) check(a *answer) {
	if !slices.Contains(expectedStatuses, a.status) {
		w.fault(*a, "unexpected status: %.300s", a.body)
	}
	w.checkCanaries(a)
	w.checkHeaders(a)
	if a.doc == nil {
		return
	}
	if len(a.body) > maxBytes {
		w.fault(*a, "has %d bytes", len(a.body))
	}
	w.checkElements(a)
	w.checkLinks(a)
	if w.isTenantPage(a.path) && a.status == http.StatusOK {
		w.checkTenant(a)
	}
}

// checkCanaries looks for texts of other tenants, but for those that the request had
// and those that the person may see.
func (w *walker) checkCanaries(a *answer) {
	if len(w.o.Canary) == 0 || w.o.Lists != nil && w.o.Lists.MatchString(a.path) {
		return
	}
	sent := strings.ToLower(unescape(a.sent))
	var all strings.Builder
	all.WriteString(a.body)
	for name, values := range a.header {
		all.WriteString("\n" + name + ": " + strings.Join(values, "\n"))
	}
	for _, text := range []string{all.String(), unescape(all.String()),
		html.UnescapeString(all.String()), decoded(all.String())} {
		for _, found := range w.canaries(strings.ToLower(text)) {
			if !strings.Contains(sent, found) && !slices.Contains(w.o.Known, found) {
				w.fault(*a, "contains %q of another tenant", found)
			}
		}
	}
}

// canaries returns the texts of other tenants in a text in lower case.
func (w *walker) canaries(text string) []string {
	var all []string
	for _, mark := range w.o.Canary {
		for rest := text; ; {
			_, after, found := strings.Cut(rest, mark)
			if !found {
				break
			}
			rest = strings.TrimLeft(after, canaryLetters)
			all = append(all, mark+after[:len(after)-len(rest)])
		}
	}
	return all
}

// canaryLetters are what a text of another tenant consists of.
const canaryLetters = "abcdefghijklmnopqrstuvwxyz0123456789-"

// unescape decodes each %xx. Other percent signs stay.
func unescape(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		plain, err := hex.DecodeString(after[:min(2, len(after))])
		if err != nil || len(plain) == 0 {
			b.WriteByte('%')
			text = after
			continue
		}
		b.Write(plain)
		text = after[2:]
	}
}

// shortestWord is the length of the shortest text that is decoded.
const shortestWord = 16

// decoded returns what cursors and the like contain.
func decoded(text string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !isBase64(r) }) {
		if len(word) < shortestWord {
			continue
		}
		if raw, err := base64.RawURLEncoding.DecodeString(word); err == nil {
			b.Write(raw)
		}
	}
	return b.String()
}

// isBase64 reports whether a character is one of base64 for URLs (RFC 4648, section 5).
func isBase64(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

// checkHeaders checks those that each answer of the pages has.
func (w *walker) checkHeaders(a *answer) {
	want := map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
	if strings.HasPrefix(a.path, "/admin/assets/") {
		want["Cache-Control"] = "public, max-age=31536000, immutable"
	}
	for name, value := range want {
		if got := a.header.Values(name); !slices.Equal(got, []string{value}) {
			w.fault(*a, "has the header %s: %q", name, got)
		}
	}
	for _, cookie := range a.header.Values("Set-Cookie") {
		if strings.Contains(strings.ToLower(cookie), "domain=") {
			w.fault(*a, "the cookie isn't for this host alone: %s", cookie)
		}
	}
	if to := a.location(); to != "" && !isLocal(to) {
		w.fault(*a, "redirects to another host: %s", to)
	}
	if to := a.location(); to != "" && w.isTenantPage(a.path) {
		w.checkTarget(a, link{target: to, tag: "redirect"})
	}
}

// checkElements finds scripts, styles and handlers in the page, texts that were taken for
// HTML, and ids that are there twice.
func (w *walker) checkElements(a *answer) {
	ids := map[string]bool{}
	for n := range a.doc.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		src := get(n, "src")
		if n.Data == "x-hostile" || n.Data == "style" || n.Data == "script" && src == "" {
			w.fault(*a, "has an element %s", n.Data)
		}
		for _, attribute := range n.Attr {
			if attribute.Key == "style" || strings.HasPrefix(attribute.Key, "on") {
				w.fault(*a, "has an attribute %s", attribute.Key)
			}
		}
		if id := get(n, "id"); id != "" {
			if ids[id] {
				w.fault(*a, "has the id %q twice", id)
			}
			ids[id] = true
		}
	}
}

// checkLinks checks that nothing leads to another host and, on a page of the tenant, nothing
// to another tenant.
func (w *walker) checkLinks(a *answer) {
	for _, l := range a.doc.links {
		if !isLocal(l.target) && !isExternalLink(l) {
			w.fault(*a, "leads to another host: %s", l.target)
		}
		if w.isTenantPage(a.path) {
			w.checkTarget(a, l)
		}
	}
	for _, f := range a.doc.forms {
		w.checkForm(a, f)
	}
}

// isExternalLink reports whether a link is one that people follow, to a place in a resource.
// It must not say where the reader came from.
func isExternalLink(l link) bool {
	return l.tag == "a" && strings.HasPrefix(l.target, "https://")
}

var tenantPath = regexp.MustCompile(`/t/([^/?#&]+)`)

// checkTarget checks that a link of a tenant's page leads to no other tenant, nor back to one
// afterwards.
func (w *walker) checkTarget(a *answer, l link) {
	for _, found := range tenantPath.FindAllStringSubmatch(unescape(unescape(l.target)), -1) {
		mine := l.switcher && slices.Contains(w.o.Mine, found[1])
		if found[1] != w.o.Slug && !mine {
			w.fault(*a, "%s leads to another tenant: %s", l.tag, l.target)
		}
	}
}

func (w *walker) checkForm(a *answer, f form) {
	if !isLocal(f.action) {
		w.fault(*a, "a form is sent to another host: %s", f.action)
	}
	if !w.isTenantPage(a.path) {
		return
	}
	w.checkTarget(a, link{target: f.action, tag: "form"})
	if f.method == http.MethodPost && w.isTenantPage(f.action) && !f.has("tenant", w.o.Slug) {
		w.fault(*a, "the form %s doesn't name its tenant", f.action)
	}
	for _, x := range f.fields {
		if x.kind == "hidden" && !isCarried(x.value) {
			w.checkTarget(a, link{target: x.value, tag: "field " + x.name})
		}
	}
}

// isCarried reports whether the value of a field is base64 of something long, as a form carries a
// file from one page to the next: by chance, a part of it looks like a path. Slugs have a hyphen,
// which isn't in base64.
func isCarried(value string) bool {
	raw, err := base64.StdEncoding.DecodeString(value)
	return err == nil && len(raw) > 100
}

// checkTenant checks that a page of the tenant names it in the top bar.
func (w *walker) checkTenant(a *answer) {
	if w.o.MultiTenant && !strings.Contains(a.doc.topbar, w.o.Name) {
		w.fault(*a, "doesn't name its tenant in the top bar: %.200q", a.doc.topbar)
	}
}

// isTenantPage reports whether a path is one of the tenant's pages.
func (w *walker) isTenantPage(path string) bool {
	root := "/admin/t/" + w.o.Slug
	return path == root || strings.HasPrefix(path, root+"/") || strings.HasPrefix(path, root+"?")
}
