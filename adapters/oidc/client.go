package oidc

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	timeout       = 10 * time.Second
	longestAnswer = 1 << 20 // bytes
)

// newClient makes the client that talks to the provider: it waits for so long,
// reads so much, and goes nowhere else.
func newClient() *http.Client {
	return &http.Client{
		Timeout: timeout, Transport: bounded{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// bounded cuts off answers that are too long.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = &bodyUpTo{ReadCloser: res.Body, left: longestAnswer}
	}
	return res, err
}

var errTooLong = errors.New("the provider's answer is too long")

// bodyUpTo is a body that may be so long.
type bodyUpTo struct {
	io.ReadCloser
	left int
}

func (b *bodyUpTo) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
