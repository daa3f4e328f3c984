package site

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// User is a person of a site.
type User = identity.User

// Browser sends requests as a browser without scripts does: with its cookies, with the page
// that it shows as the referrer, and with the headers that tell where a request comes from.
type Browser struct {
	Page *Page // what it shows; nil: nothing yet

	t      testing.TB
	site   *Site
	client *http.Client
}

// NewBrowser returns a browser without cookies.
func (s *Site) NewBrowser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := *s.Server.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Browser{t: t, site: s, client: &client}
}

// SignIn returns a browser in which a person is signed in by the form for it. It shows the
// start page after that.
func (s *Site) SignIn(t testing.TB, email string) *Browser {
	t.Helper()
	b := s.NewBrowser(t)
	form := b.Get("/admin/sign-in").Want(http.StatusOK).Form("/admin/sign-in")
	p := b.Submit(form, map[string]string{"email": email, "password": Password})
	require.NotContains(t, p.URL.Path, "/sign-in", "%s: %s", email, p.Text())
	return b
}

// In returns the browser for a subtest.
func (b *Browser) In(t testing.TB) *Browser {
	other := *b
	other.t = t
	return &other
}

// Get opens an address of the site, as a person who follows a link on the page before, and
// follows redirects.
func (b *Browser) Get(path string) *Page {
	b.t.Helper()
	return b.show(Request{Path: path})
}

// Post sends fields that no form of a page has to have, as a form of the page before.
func (b *Browser) Post(path string, fields url.Values) *Page {
	b.t.Helper()
	return b.show(Request{Method: http.MethodPost, Path: path, Body: fields.Encode(), Media: urlencoded})
}

// Submit fills in a form and sends it. Changed are the new values of fields, which the form
// must have; "" unchecks a box; of a file, the value is the content.
func (b *Browser) Submit(f Form, changed map[string]string) *Page {
	b.t.Helper()
	return b.show(f.with(b.t, changed).request(b.t))
}

// show sends a request, follows redirects, and shows the page.
func (b *Browser) show(req Request) *Page {
	b.t.Helper()
	for range 10 {
		p := b.Send(req)
		to := p.Header.Get("Location")
		if p.Status/100 != 3 || to == "" {
			b.Page = p
			return p
		}
		target, err := p.URL.Parse(to)
		require.NoError(b.t, err)
		require.Equal(b.t, p.URL.Host, target.Host, "a redirect leads to another host: %s", to)
		req = Request{Path: target.RequestURI()}
	}
	b.t.Fatal("too many redirects")
	return nil
}

// urlencoded is the media type of a form without files.
const urlencoded = "application/x-www-form-urlencoded"

// Request is one request of a browser.
type Request struct {
	Method string // defaults to GET
	Path   string
	Body   string
	Media  string // of the body
	// Header replaces what a browser sends; an empty value removes it.
	Header map[string]string
	Host   string // defaults to the server's
}

// Send sends one request and returns the answer, also if it is a redirect.
func (b *Browser) Send(req Request) *Page {
	b.t.Helper()
	r := b.newRequest(req)
	res, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return newPage(b.t, r.URL, res, body)
}

func (b *Browser) newRequest(req Request) *http.Request {
	b.t.Helper()
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(b.t.Context(), req.Method, b.site.Server.URL+req.Path,
		bytes.NewReader([]byte(req.Body)))
	require.NoError(b.t, err)
	b.setHeaders(r, req.Media)
	for name, value := range req.Header {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	r.Host = req.Host
	return r
}

// setHeaders sets what browsers send with a navigation (Fetch, section 3.2; Fetch Metadata,
// section 2).
func (b *Browser) setHeaders(r *http.Request, media string) {
	h := r.Header
	h.Set("User-Agent", "Mozilla/5.0 (test)")
	h.Set("Accept", "text/html,*/*;q=0.8")
	h.Set("Sec-Fetch-Dest", "document")
	h.Set("Sec-Fetch-Mode", "navigate")
	h.Set("Sec-Fetch-Site", "none")
	if b.Page != nil {
		h.Set("Sec-Fetch-Site", "same-origin")
		h.Set("Referer", b.Page.URL.String())
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Sec-Fetch-Site", "same-origin")
		h.Set("Origin", b.site.Server.URL)
	}
	if media != "" {
		h.Set("Content-Type", media)
	}
}

// Cookie returns the value of a cookie that the browser sends to a path, or "".
func (b *Browser) Cookie(path, name string) string {
	b.t.Helper()
	u, err := url.Parse(b.site.Server.URL + path)
	require.NoError(b.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if strings.EqualFold(c.Name, name) {
			return c.Value
		}
	}
	return ""
}
