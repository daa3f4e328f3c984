package frametest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

// get asks for a page with these headers.
func get(b *site.Browser, path string, header map[string]string) *site.Page {
	return b.Send(site.Request{Path: path, Header: header})
}

func TestPageIsCompressedForBrowsersThatTakeIt(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	b := s.SignIn(t, site.AcmeAdmin)
	const path = "/admin/t/acme/"
	plain := get(b, path, map[string]string{"Accept-Encoding": "identity"})
	require.Empty(t, plain.Header.Get("Content-Encoding"))
	style := regexp.MustCompile(`/admin/assets/[^"]+\.css`).FindString(string(plain.Body))
	require.NotEmpty(t, style)
	for _, path := range []string{path, style} {
		plain := get(b, path, map[string]string{"Accept-Encoding": "identity"})
		for _, accepted := range []string{"gzip", "gzip, deflate, br, zstd", "br;q=1, GZIP;q=0.5"} {
			packed := get(b, path, map[string]string{"Accept-Encoding": accepted})
			require.Equal(t, "gzip", packed.Header.Get("Content-Encoding"), accepted)
			require.Contains(t, packed.Header.Values("Vary"), "Accept-Encoding")
			require.Less(t, len(packed.Body), len(plain.Body)/2)
			zip, err := gzip.NewReader(bytes.NewReader(packed.Body))
			require.NoError(t, err)
			body, err := io.ReadAll(zip)
			require.NoError(t, err)
			require.Equal(t, string(plain.Body), string(body))
		}
	}
	for _, accepted := range []string{"gzip;q=0", "gzip; q=0.0", "br", "xgzip", "gzip;q=x", "identity"} {
		p := get(b, path, map[string]string{"Accept-Encoding": accepted})
		require.Empty(t, p.Header.Get("Content-Encoding"), accepted)
		require.Contains(t, p.Header.Values("Vary"), "Accept-Encoding")
	}
}

// The length of a compressed page tells what is in it to who can let the browser send guesses.
func TestPageThatAnotherSiteAsksForIsNotCompressed(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	b := s.SignIn(t, site.AcmeAdmin)
	for _, from := range []string{"cross-site", "same-site"} {
		p := get(b, "/admin/t/acme/", map[string]string{"Accept-Encoding": "gzip", "Sec-Fetch-Site": from})
		require.Equal(t, http.StatusOK, p.Status)
		require.Empty(t, p.Header.Get("Content-Encoding"), from)
	}
	created := b.Send(site.Request{Method: http.MethodPost, Path: "/admin/t/acme/keys",
		Media: "application/x-www-form-urlencoded", Header: map[string]string{"Accept-Encoding": "gzip"},
		Body: url.Values{"tenant": {"acme"}, "name": {"ci"}, "role": {"viewer"}, "expires": {"30"}}.Encode()})
	require.Contains(t, string(created.Body), "bwk_", "a key is shown once")
	require.Empty(t, created.Header.Get("Content-Encoding"))
}
