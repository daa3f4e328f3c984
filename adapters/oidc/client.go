package oidc

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	timeout          = 10 * time.Second
	maxResponseBytes = 1 << 20
)

// newClient returns the HTTP client for requests to the provider. It limits the
// time of a request and the size of a response, and follows no redirects.
func newClient() *http.Client {
	return &http.Client{
		Timeout: timeout, Transport: limitedTransport{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// limitedTransport limits responses to maxResponseBytes.
type limitedTransport struct{ next http.RoundTripper }

func (t limitedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err == nil {
		res.Body = &limitedBody{ReadCloser: res.Body, left: maxResponseBytes}
	}
	return res, err
}

var errTooLong = errors.New("the provider's response is too long")

// limitedBody is a body that ends with errTooLong after left bytes.
type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
