package resourcestest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

// oddNames are names that paths could take for something else.
var oddNames = []string{"new", "edit", "delete", "a/b", "a/edit", "/", "//", "%", "%2F", "..", ".", "...",
	"a b", "a?b#c", "a&b=c", "ünï→😀", hostile, "a;b", "+", "\\", strings.Repeat("é", 256)}

func TestEveryNameHasItsPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeEditor)
	for _, name := range oddNames {
		put(t, s, "prompt", name, `{"template":"old"}`)
		put(t, s, "prompt", "decoy", `{"template":"decoy"}`)
		p := open(b, "/admin/t/acme/prompts")
		p = open(b, resolved(t, p.Link(name)))
		require.Contains(t, p.Main(), name)
		form := open(b, resolved(t, p.Link("Edit")))
		i := len(form.Forms()) - 1
		p = b.Submit(form.Forms()[i], map[string]string{"text.template": "changed"})
		p.Want(http.StatusOK)
		require.JSONEq(t, `{"template":"changed"}`, string(get(t, s, "prompt", name).Spec), name)

		p = open(b, resolved(t, open(b, "/admin/t/acme/prompts").Link("Delete "+name)))
		p = b.Submit(p.Forms()[len(p.Forms())-1], nil)
		require.Contains(t, p.Want(http.StatusOK).Main(), "Deleted.")
		require.False(t, exists(t, s, "prompt", name), name)
		require.JSONEq(t, `{"template":"decoy"}`, string(get(t, s, "prompt", "decoy").Spec), name)
	}
}

// resolved returns a path, which must have no segment that browsers resolve, or servers join
// with the next one.
func resolved(t *testing.T, link string) string {
	t.Helper()
	path, _, _ := strings.Cut(link, "?")
	require.NotContains(t, path, "//")
	for segment := range strings.SplitSeq(path, "/") {
		plain := strings.ReplaceAll(strings.ToLower(segment), "%2e", ".")
		require.NotContains(t, []string{".", ".."}, plain, link)
	}
	return link
}

func TestReferencesToOddNamesAreLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "..", `{"template":"up"}`)
	put(t, s, "agent", "a", `{"prompts":[".."],"extends":null}`)
	b := s.SignIn(t, site.AcmeViewer)
	p := open(b, resolved(t, open(b, "/admin/t/acme/agents/a").Link("..")))
	require.Contains(t, p.Main(), "up")
}

// TestEmptyNameHasItsPages lets an item stand for an adopted one without a name, which the
// memory adapter can't have.
func TestEmptyNameHasItsPages(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true, Around: func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/v1/prompts/" {
				r.URL.Path += "unnamed"
			}
			api.ServeHTTP(w, r)
		})
	}})
	put(t, s, "prompt", "unnamed", `{"template":"of no name"}`)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, "/admin/t/acme/prompts/")
	require.Contains(t, p.Main(), "of no name")
	require.Contains(t, open(b, resolved(t, p.Link("Edit"))).Main(), "the empty name")
	p = open(b, resolved(t, p.Link("Delete")))
	p = b.Submit(p.Forms()[len(p.Forms())-1], nil)
	require.Contains(t, p.Want(http.StatusOK).Main(), "Deleted.")
	require.False(t, exists(t, s, "prompt", "unnamed"))
}

func TestPickerProposesNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", hostile, `{"template":"x","description":"</script>"}`)
	putPrompts(t, s, 30)
	b := s.SignIn(t, site.AcmeViewer)
	p := open(b, "/admin/t/acme/pick/prompts?q=p-00")
	require.True(t, strings.HasPrefix(string(p.Body), `export default [{"name":"p-000","description":""}`),
		string(p.Body))
	require.Contains(t, p.Header.Get("Content-Type"), "text/javascript")
	p = open(b, "/admin/t/acme/pick/prompts")
	require.Equal(t, 20, strings.Count(string(p.Body), `"name"`))
	require.NotContains(t, string(p.Body), "</script>")
	require.Equal(t, "export default []", string(open(b, "/admin/t/acme/pick/prompts?q=none").Body))
	b.Get("/admin/t/acme/pick/nothing").Want(http.StatusNotFound)
	form := open(s.SignIn(t, site.AcmeEditor), "/admin/t/acme/agents?new=true")
	require.Contains(t, string(form.Body), `data-proposals="/admin/t/acme/pick/prompts"`)
	require.Equal(t, "/admin/t/acme/prompts", form.Link("List of prompts (new tab)"))
}
