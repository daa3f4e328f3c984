package oidc

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	timeout          = 10 * time.Second
	maxResponseBytes = 1 << 20 // bytes
)

// newClient makes the client that talks to the provider: it waits for so long,
// reads so much, and goes nowhere else.
func newClient() *http.Client {
	return &http.Client{
		Timeout: timeout, Transport: limitedTransport{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// limitedTransport cuts off answers that are too long.
type limitedTransport struct{ next http.RoundTripper }

func (b limitedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = &limitedBody{ReadCloser: res.Body, left: maxResponseBytes}
	}
	return res, err
}

var errTooLong = errors.New("the provider's answer is too long")

// limitedBody is a body that may be so long.
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
