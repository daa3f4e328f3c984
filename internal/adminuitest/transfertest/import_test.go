package transfertest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

func TestBundleIsTriedBeforeItIsImported(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "new", prompt("from globex"))
	put(t, s, "globex", "prompt", "both", prompt("theirs"))
	put(t, s, "acme", "prompt", "both", prompt("ours"))
	bundle := exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt")
	b := s.SignIn(t, site.AcmeAdmin)

	p := try(b, "acme", "overwrite", bundle).Want(http.StatusOK)
	text := p.Main()
	for _, want := range []string{"nothing was imported", "1 Would be created", "1 Would be changed",
		"/spec/template", "Here: ours", "In the bundle: theirs", "Overwrite"} {
		require.Contains(t, text, want)
	}
	require.Contains(t, get(t, s, "acme", "prompt", "both"), "ours")
	require.Empty(t, get(t, s, "acme", "prompt", "new"))

	p = b.Submit(p.Form("/promotion/import"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "The bundle is imported.")
	require.Contains(t, p.Main(), "1 Created")
	require.True(t, p.HasLink("/admin/t/acme/prompts/new"))
	require.Contains(t, get(t, s, "acme", "prompt", "both"), "theirs")
	require.Contains(t, get(t, s, "acme", "prompt", "new"), "from globex")
}

func TestConflictIsShownAndAnotherStrategyIsTriedWithoutTheFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "both", prompt("theirs"))
	put(t, s, "acme", "prompt", "both", prompt("ours"))
	b := s.SignIn(t, site.AcmeAdmin)
	p := try(b, "acme", "fail", exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt"))
	require.Contains(t, p.Want(http.StatusOK).Main(), "1 item was changed here and there")
	require.NotContains(t, string(p.Body), "Import for real")

	again := p.Form("/promotion/try")
	require.False(t, again.Has("file"))
	p = b.Submit(again, map[string]string{"strategy": "rename"}).Want(http.StatusOK)
	require.Contains(t, p.Main(), "New name:")
	p = b.Submit(p.Form("/promotion/import"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "Imported under a free name")
	require.Contains(t, get(t, s, "acme", "prompt", "both"), "ours")
}

func TestConflictThatCameAfterTheDryRunIsListed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "both", prompt("theirs"))
	b := s.SignIn(t, site.AcmeAdmin)
	p := try(b, "acme", "fail", exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt"))
	put(t, s, "acme", "prompt", "both", prompt("ours"))
	p = b.Submit(p.Form("/promotion/import"), nil).Want(http.StatusConflict)
	for _, want := range []string{"Nothing was imported", "What differs", "both", "Here: ours",
		"In the bundle: theirs"} {
		require.Contains(t, p.Main(), want)
	}
	p = b.Submit(p.Form("/promotion/try"), map[string]string{"strategy": "skip"})
	require.Contains(t, p.Want(http.StatusOK).Main(), "Would be kept as it is here")
}

func TestLargeBundleIsImportedOnlyIfItWasTried(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "large", prompt(random(200_000)))
	b := s.SignIn(t, site.AcmeAdmin)
	bundle := exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt")
	put(t, s, "globex", "prompt", "large", prompt(random(200_001)))
	other := exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt")

	p := try(b, "acme", "fail", bundle).Want(http.StatusOK)
	require.Less(t, len(p.Body), 70<<10)
	form := p.Form("/promotion/import")
	require.False(t, form.Has("carried"))
	p = b.Submit(form, map[string]string{"file": other}).Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.Main(), "This isn’t the bundle that was tried. Nothing was imported")
	p = b.Submit(form, map[string]string{"file": ""}).Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.FieldError("file"), "Choose a file")
	require.Empty(t, get(t, s, "acme", "prompt", "large"))

	b.Submit(form, map[string]string{"file": bundle}).Want(http.StatusOK)
	require.Len(t, get(t, s, "acme", "prompt", "large"), 200_000+len(`{"template":""}`))
}

func TestCarriedBundleThatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "one", prompt("1"))
	b := s.SignIn(t, site.AcmeAdmin)
	first := try(b, "acme", "fail", exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt"))
	put(t, s, "globex", "prompt", "one", prompt("2"))
	second := try(b, "acme", "fail", exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt"))
	for name, change := range map[string]func(url.Values){
		"another bundle": func(v url.Values) {
			v.Set("carried", second.Form("/promotion/import").Get("carried"))
		},
		"no digest":       func(v url.Values) { v.Del("tried") },
		"no bundle":       func(v url.Values) { v.Del("carried") },
		"not base64":      func(v url.Values) { v.Set("carried", hostile) },
		"cut off":         func(v url.Values) { v.Set("carried", v.Get("carried")[:40]) },
		"a long field":    func(v url.Values) { v.Set("carried", strings.Repeat("A", 100_000)) },
		"another field":   func(v url.Values) { v.Set("prune", "true") },
		"strategy forged": func(v url.Values) { v.Set("strategy", hostile) },
	} {
		t.Run(name, func(t *testing.T) {
			values := first.Form("/promotion/import").Values()
			change(values)
			p := postParts(t, b.In(t), "/admin/t/acme/promotion/import", values, "")
			p.Want(http.StatusUnprocessableEntity)
			require.NotContains(t, string(p.Body), "<script>alert")
			require.Empty(t, get(t, s, "acme", "prompt", "one"))
		})
	}
}

func TestRefusedBundleIsExplainedWithEachPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "p", prompt("hello"))
	put(t, s, "globex", "agent", "a/b", map[string]any{"prompts": []string{"p"}})
	b := s.SignIn(t, site.AcmeAdmin)
	whole := exported(t, s, site.GlobexAdmin, "globex", "?kind=agent&kind=prompt")
	for name, c := range map[string]struct {
		bundle string
		status int
		want   []string
	}{
		"altered": {strings.Replace(whole, "hello", "hullo", 1), http.StatusUnprocessableEntity,
			[]string{"The bundle was changed after its export"}},
		"dangling": {exported(t, s, site.GlobexAdmin, "globex", "?kind=agent"),
			http.StatusUnprocessableEntity, []string{"refers to what neither it nor this tenant has",
				"agent a/b", "/spec/prompts/0", "There is no prompt named p."}},
		"cut off": {whole[:len(whole)/2], http.StatusBadRequest, []string{"a part of it is missing"}},
		"no JSON": {hostile, http.StatusBadRequest, []string{"isn’t a bundle"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := try(b.In(t), "acme", "skip", c.bundle).Want(c.status)
			for _, want := range c.want {
				require.Contains(t, p.Main(), want)
			}
			require.Equal(t, "skip", p.Form("/promotion/try").Get("strategy"))
			require.NotContains(t, string(p.Body), "<script>alert")
		})
	}
}

func TestRefusedBundleWithMoreThanTheShownPlacesSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "p", prompt("hello"))
	for i := range 101 {
		put(t, s, "globex", "agent", fmt.Sprint("a", i), map[string]any{"prompts": []string{"p"}})
	}
	p := try(s.SignIn(t, site.AcmeAdmin), "acme", "fail",
		exported(t, s, site.GlobexAdmin, "globex", "?kind=agent"))
	require.Contains(t, p.Want(http.StatusUnprocessableEntity).Main(),
		"There are more. These are the first 100.")
}

func TestPageOfAnImportHasEachFieldOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "small", prompt("hello"))
	b := s.SignIn(t, site.AcmeAdmin)
	for _, size := range []int{10, 200_000} {
		put(t, s, "globex", "prompt", "p", prompt(random(size)))
		p := try(b, "acme", "fail", exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt"))
		ids := map[string]int{}
		for n := range p.Want(http.StatusOK).Root.Descendants() {
			if id := site.Attr(n, "id"); id != "" {
				ids[id]++
			}
		}
		for id, n := range ids {
			require.Equal(t, 1, n, id)
		}
	}
}

func TestBundleAboveTheLimitIsExplained(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true,
		API: func(o *httpapi.Options) { o.BundleLimit = 1 << 20 }})
	put(t, s, "globex", "prompt", "p", prompt("hello"))
	b := s.SignIn(t, site.AcmeAdmin)
	whole := exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt")
	p := try(b, "acme", "fail", whole+strings.Repeat(" ", 3<<20))
	require.Contains(t, p.Want(http.StatusRequestEntityTooLarge).Main(), "larger than this installation takes")
}

func TestReportOfManyItemsStaysShort(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 600 {
		put(t, s, "globex", "prompt", fmt.Sprintf("p%03d", i), map[string]string{
			"template": strings.Repeat(`"&x"`, 400), "description": fmt.Sprint(i)})
		put(t, s, "acme", "prompt", fmt.Sprintf("p%03d", i), prompt("ours"))
	}
	bundle := exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt")
	p := try(s.SignIn(t, site.AcmeAdmin), "acme", "overwrite", bundle).Want(http.StatusOK)
	require.Contains(t, p.Main(), "600 Would be changed")
	require.Regexp(t, `And 5\d\d other items`, p.Main())
	require.Less(t, len(p.Body), 85<<10)
}

func TestImportListsTheSecretsThatHaveNoValue(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "model_config", "gpt", map[string]any{
		"api_key": map[string]string{"$secret": "team/key"}})
	b := s.SignIn(t, site.AcmeAdmin)
	p := try(b, "acme", "fail", exported(t, s, site.GlobexAdmin, "globex", "?kind=model_config"))
	require.Contains(t, p.Want(http.StatusOK).Main(), "Secrets that would have no value")
	p = b.Submit(p.Form("/promotion/import"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "team/key")
	p = b.Get(p.Link("team/key")).Want(http.StatusOK)
	p = b.Submit(p.Form("secrets/team%2Fkey"), map[string]string{"value": "s3cret"})
	require.Equal(t, "/admin/t/acme/secrets?done=secret", p.Want(http.StatusOK).Path())
}

func TestImportIsRefusedWithoutTheRightAndToOtherTenants(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "acme", "prompt", "p", prompt("hello"))
	bundle := exported(t, s, site.AcmeViewer, "acme", "?kind=prompt")
	viewer := s.SignIn(t, site.AcmeViewer)
	p := viewer.Get("/admin/t/acme/promotion").Want(http.StatusOK)
	require.Contains(t, p.Main(), "Only admins of the tenant import bundles.")
	admin := s.SignIn(t, site.AcmeAdmin)
	admin.Get("/admin/t/acme/promotion")
	stranger := s.SignIn(t, site.GlobexAdmin)
	stranger.Get("/admin/t/globex/promotion")
	for _, step := range []string{"try", "import"} {
		path, fields := "/admin/t/acme/promotion/"+step, url.Values{"tenant": {"acme"}}
		postParts(t, viewer, path, fields, bundle).Want(http.StatusForbidden)
		postParts(t, stranger, path, fields, bundle).Want(http.StatusNotFound)
		for _, other := range []url.Values{{"tenant": {"globex"}}, {}} {
			p := postParts(t, admin, path, other, bundle).Want(http.StatusConflict)
			require.Contains(t, p.Main(), "another tenant")
		}
		twice := url.Values{"tenant": {"acme", "acme"}}
		postParts(t, admin, path, twice, bundle).Want(http.StatusUnprocessableEntity)
		require.Equal(t, "/admin/t/acme/promotion", admin.Get(path).Want(http.StatusOK).Path())
		require.Equal(t, http.StatusUnprocessableEntity,
			admin.Post(path, fields).Status, "a form without a file")
	}
}

func TestFormOfAnotherSiteImportsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "globex", "prompt", "p", prompt("hello"))
	b := s.SignIn(t, site.AcmeAdmin)
	body, media := parts(t, url.Values{"tenant": {"acme"}},
		exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt"))
	p := b.Send(site.Request{Method: http.MethodPost, Path: "/admin/t/acme/promotion/try", Body: body,
		Media: media, Header: map[string]string{"Origin": "https://evil.example",
			"Sec-Fetch-Site": "cross-site"}})
	p.Want(http.StatusForbidden)
}

// TestUploadLeavesNoFile isn't parallel: no other test may write temporary files meanwhile.
func TestUploadLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := newSite(t)
	put(t, s, "globex", "prompt", "large", prompt(random(200_000)))
	b := s.SignIn(t, site.AcmeAdmin)
	bundle := exported(t, s, site.GlobexAdmin, "globex", "?kind=prompt")
	form := try(b, "acme", "fail", bundle).Form("/promotion/import")
	for range 6 { // more than are stored at once
		b.Submit(form, map[string]string{"file": bundle + " "}).Want(http.StatusUnprocessableEntity)
	}
	b.Submit(form, map[string]string{"file": bundle}).Want(http.StatusOK)
	left, err := filepath.Glob(filepath.Join(dir, "bailiwick-upload-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = os.Stat(dir)
	require.NoError(t, err)
}
