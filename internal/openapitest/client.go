package openapitest

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// Client returns an [http.Client] that checks every response against d and reports a
// mismatch as an error of t. It doesn't follow redirects, so that they are checked too.
// A nil transport is [http.DefaultTransport].
func (d *Document) Client(t testing.TB, transport http.RoundTripper) *http.Client {
	t.Helper()
	return &http.Client{
		Transport: d.Transport(t, transport),
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// Transport wraps a transport: it checks every response as [Document.Client] does.
func (d *Document) Transport(t testing.TB, transport http.RoundTripper) http.RoundTripper {
	t.Helper()
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &checkingTransport{document: d, t: t, next: transport}
}

type checkingTransport struct {
	document *Document
	t        testing.TB
	next     http.RoundTripper
}

// RoundTrip reads the whole response, checks it against the document and returns it with
// a copy of its body.
func (c *checkingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err := c.document.Check(req.Method, req.URL.EscapedPath(), res, body); err != nil {
		c.t.Errorf("%s %s: the response doesn't match the OpenAPI document: %v\n%s", req.Method,
			req.URL, err, shorten(body))
	}
	return res, nil
}

// shorten returns at most 2000 bytes of a body.
func shorten(body []byte) []byte {
	const longest = 2000
	if len(body) > longest {
		return append(body[:longest:longest], "…"...)
	}
	return body
}
