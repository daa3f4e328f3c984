package admintest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/walk"
)

// reply is an answer of the pages before it is changed.
type reply struct {
	*http.Response
	world *seed.World
	body  string
}

// leak changes an answer, as a fault of the pages would, and returns its new body.
type leak func(reply) string

// TestWalkerFindsLeaks plants one fault at a time: the walk must find it, and says so in words
// that name it.
func TestWalkerFindsLeaks(t *testing.T) {
	t.Parallel()
	w := multiTenant(t)
	for name, planted := range map[string]struct {
		fault string
		leak  leak
	}{
		"text of another tenant": {"of another tenant", func(a reply) string {
			return addToPage(a.body, "<p>"+a.world.B.Name+"</p>")
		}},
		"text of another tenant, encoded": {"of another tenant", func(a reply) string {
			return addToPage(a.body, `<a href="?q=`+url.QueryEscape(a.world.B.Name)+`">x</a>`)
		}},
		"text of another tenant in a header": {"of another tenant", func(a reply) string {
			a.Header.Set("X-Debug", a.world.B.Name)
			return a.body
		}},
		"text of another tenant in a cookie": {"of another tenant", func(a reply) string {
			a.Header.Add("Set-Cookie", "last="+a.world.B.Slug)
			return a.body
		}},
		"link to another tenant": {"leads to another tenant", func(a reply) string {
			return addToPage(a.body, `<a href="/admin/t/default/">x</a>`)
		}},
		"link that goes back to another tenant": {"leads to another tenant", func(a reply) string {
			return addToPage(a.body, `<a href="?back=%2Fadmin%2Ft%2Fdefault%2F">x</a>`)
		}},
		"link to another host": {"leads to another host", func(a reply) string {
			return addToPage(a.body, `<img src="//evil.example/x.png">`)
		}},
		"form without its tenant": {"doesn't name its tenant", func(a reply) string {
			return addToPage(a.body, `<form method="post" action="/admin/t/`+a.world.A.Slug+`/visit"></form>`)
		}},
		"page without its tenant": {"in the top bar", func(a reply) string {
			return strings.ReplaceAll(a.body, `class="top"`, `class="t"`)
		}},
		"unescaped text": {"element x-hostile", func(a reply) string {
			return addToPage(a.body, seed.Hostile)
		}},
		"inline script": {"element script", func(a reply) string {
			return addToPage(a.body, "<script>1</script>")
		}},
		"inline handler": {"attribute onclick", func(a reply) string {
			return addToPage(a.body, `<p onclick="x()">x</p>`)
		}},
		"weaker policy": {"Content-Security-Policy", func(a reply) string {
			a.Header.Set("Content-Security-Policy", "default-src 'self'")
			return a.body
		}},
		"cached page": {"Cache-Control", func(a reply) string {
			a.Header.Set("Cache-Control", "private")
			return a.body
		}},
		"long page": {"bytes", func(a reply) string {
			return addToPage(a.body, strings.Repeat(" ", 100<<10))
		}},
		"broken link": {"a page leads here", func(a reply) string {
			return addToPage(a.body, `<a href="/admin/t/`+a.world.A.Slug+`/nowhere">x</a>`)
		}},
		"fault of the server": {"unexpected status", func(a reply) string {
			if a.Request.URL.Path == "/admin/t/"+a.world.A.Slug+"/prompts" {
				a.StatusCode = http.StatusInternalServerError
			}
			return a.body
		}},
		"page of another tenant": {"page of another tenant", func(a reply) string {
			if strings.HasPrefix(a.Request.URL.Path, "/admin/t/"+a.world.B.Slug) {
				a.StatusCode = http.StatusOK
			}
			return a.body
		}},
		"redirect to another host": {"another host", func(a reply) string {
			if a.Request.URL.Query().Get("back") == "//evil.example/" {
				a.Header.Set("Location", "//evil.example/")
				a.StatusCode = http.StatusSeeOther
			}
			return a.body
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(w, seed.Viewer)
			o.Base, o.MaxFaults = proxy(t, w, planted.leak), 1
			r := walk.Walk(t.Context(), o)
			require.NotEmpty(t, r.Faults, "not found in %d pages", len(r.Pages))
			require.Contains(t, strings.Join(r.Faults, "\n"), planted.fault)
		})
	}
}

// addToPage adds something to the end of a page. Other answers stay as they are.
func addToPage(body, html string) string {
	return strings.Replace(body, "</main>", html+"</main>", 1)
}

// proxy serves the registry with a leak in each answer to a person who is signed in.
func proxy(t *testing.T, w *seed.World, planted leak) string {
	t.Helper()
	target, err := url.Parse(w.Server.URL)
	require.NoError(t, err)
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			if !strings.HasPrefix(r.Request.URL.Path, "/admin/t/") {
				return nil
			}
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			body := planted(reply{r, w, string(raw)})
			r.Body = io.NopCloser(bytes.NewBufferString(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			r.ContentLength = int64(len(body))
			return nil
		},
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s.URL
}
