package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bailiwick-go/bailiwick/internal/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }

// strict is the policy of the admin pages.
const strict = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';" +
	" form-action 'self'; frame-ancestors 'none'; base-uri 'none';" +
	" require-trusted-types-for 'script'"

// site serves texts by their paths, with the policy strict.
type site map[string]string

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", strict)
	text, found := s[r.URL.Path]
	if !found {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<!doctype html><html lang=en><title>Not found</title><h1>Not found</h1>")
		return
	}
	kind := "text/html; charset=utf-8"
	switch {
	case len(r.URL.Path) > 4 && r.URL.Path[len(r.URL.Path)-4:] == ".css":
		kind = "text/css"
	case len(r.URL.Path) > 3 && r.URL.Path[len(r.URL.Path)-3:] == ".js":
		kind = "text/javascript"
	}
	w.Header().Set("Content-Type", kind)
	fmt.Fprint(w, text)
}

// document is a page without a fault, with body in its main element.
func document(body string) string {
	return `<!doctype html><html lang="en"><head><title>Page</title>` +
		`<meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<link rel="stylesheet" href="/style.css"><script src="/script.js" defer></script>` +
		`</head><body><main><h1>Page</h1>` + body + `</main></body></html>`
}

// open opens a page whose main element has body, with a style sheet and a script.
func open(t *testing.T, o browser.Options, body, style, script string) *browser.Page {
	t.Helper()
	return openSite(t, o, site{"/": document(body), "/style.css": style, "/script.js": script})
}

func openSite(t *testing.T, o browser.Options, handler http.Handler) *browser.Page {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	p := browser.Open(t, o)
	p.Goto(server.URL)
	return p
}
