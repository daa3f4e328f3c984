package transfertest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const hostile = `<script>alert(1)</script>"'&{{.}}`

func newSite(t *testing.T) *site.Site { return site.New(t, site.Options{MultiTenant: true}) }

// put writes a resource into a tenant, in the store.
func put(t testing.TB, s *site.Site, slug, kind, name string, spec any) {
	t.Helper()
	raw, err := json.Marshal(spec)
	require.NoError(t, err)
	item, err := apitest.Kinds().Check(federation.Item{
		Ref: federation.Ref{Kind: kind, Name: name}, Spec: raw})
	require.NoError(t, err)
	tenant := s.Tenants[slug].ID
	_, _, err = s.Services.Resources.Put(tenancy.NewContext(t.Context(), tenant), tenant, item,
		ports.Condition{})
	require.NoError(t, err)
}

// get returns the spec of a resource, "" if there is none.
func get(t testing.TB, s *site.Site, slug, kind, name string) string {
	t.Helper()
	tenant := s.Tenants[slug].ID
	found, err := s.Services.Resources.Get(tenancy.NewContext(t.Context(), tenant), tenant,
		federation.Ref{Kind: kind, Name: name})
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return ""
	}
	require.NoError(t, err)
	return string(found.Spec)
}

// prompt is the spec of a prompt.
func prompt(template string) any { return map[string]string{"template": template} }

// exported returns the bundle that the page exports of a tenant.
func exported(t testing.TB, s *site.Site, email, slug, query string) string {
	t.Helper()
	p := s.SignIn(t, email).Get("/admin/t/" + slug + "/promotion/export" + query).Want(http.StatusOK)
	return string(p.Body)
}

// try uploads a bundle for a dry run.
func try(b *site.Browser, slug, strategy, bundle string) *site.Page {
	form := b.Get("/admin/t/" + slug + "/promotion").Want(http.StatusOK).Form("/promotion/try")
	return b.Submit(form, map[string]string{"strategy": strategy, "file": bundle})
}

// random returns a text that can't be compressed.
func random(n int) string {
	source := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%x", source.Uint64())
	}
	return b.String()[:n]
}

// parts returns the body of a form with fields and then a file; "" sends none.
func parts(t testing.TB, fields url.Values, file string) (body, media string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range fields {
		for _, value := range values {
			require.NoError(t, w.WriteField(name, value))
		}
	}
	if file != "" {
		part, err := w.CreateFormFile("file", "x.json")
		require.NoError(t, err)
		_, err = part.Write([]byte(file))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

// postParts sends such a form, from a page of the site.
func postParts(t testing.TB, b *site.Browser, path string, fields url.Values, file string) *site.Page {
	t.Helper()
	body, media := parts(t, fields, file)
	return b.Send(site.Request{Method: http.MethodPost, Path: path, Body: body, Media: media})
}
