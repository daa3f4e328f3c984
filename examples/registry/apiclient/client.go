// Package apiclient is the HTTP client of a running registry. All commands that don't work
// on the database use it.
package apiclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// Client calls a running registry. Create it with [New].
type Client struct {
	Base   string // the registry's URL, without a trailing slash
	token  string // the platform token or an API key; empty: no credentials
	Tenant string // value of the X-Tenant-ID header; empty: no header
	http   *http.Client
	wait   time.Duration        // how long it waits for a registry that starts
	note   func(string, ...any) // tells the user that it waits
}

// New returns a client with the token of REGISTRY_TOKEN. A wrong URL, a wrong token and a
// negative wait are usage errors.
func New(r Flags, t terminal.Terminal) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(r.URL))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, terminal.Usagef("invalid REGISTRY_URL %q: set it to a URL such as"+
			" https://registry.example.com", r.URL)
	}
	if r.Wait < 0 {
		return nil, terminal.Usagef("invalid --wait: set it to a duration such as 30s, or to 0s")
	}
	token, err := t.Token("REGISTRY_TOKEN")
	if err != nil {
		return nil, terminal.Usagef("%v", err)
	}
	return &Client{
		Base:  strings.TrimRight(u.String(), "/"),
		token: token,
		wait:  r.Wait,
		note:  t.Note,
		http: &http.Client{
			// A registry never redirects. A redirect could send a write to another server.
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}, nil
}

// WithoutToken returns a client of the same registry that sends no credentials.
func (c *Client) WithoutToken() *Client {
	anonymous := *c
	anonymous.token = ""
	return &anonymous
}

// Request is one HTTP request to the registry. The path is percent-encoded.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       map[string]string
	Body         io.ReadSeeker     // read from its start for each attempt; nil: no body
	Progress     terminal.Progress // shows how much of the body was sent
}

// Do sends a request and returns a response of status 2xx; the caller closes its
// body. Any other status returns an *Error. Do waits for a registry that is starting.
func (c *Client) Do(ctx context.Context, r Request) (*http.Response, error) {
	for waited := c.startWaiting(); ; {
		resp, err := c.try(ctx, r)
		if err == nil || !isStarting(err) {
			return resp, err
		}
		if !waited.again(ctx, err) {
			return nil, err
		}
	}
}

// try sends a request once.
func (c *Client) try(ctx context.Context, r Request) (*http.Response, error) {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.connectionError(err)
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, readProblem(resp)
	}
	return resp, nil
}

// newRequest returns the HTTP request, with the credentials and the tenant.
func (c *Client) newRequest(ctx context.Context, r Request) (*http.Request, error) {
	address := c.Base + r.Path
	if query := r.Query.Encode(); query != "" {
		address += "?" + query
	}
	var body io.Reader
	var length int64
	if r.Body != nil {
		var err error
		if length, err = r.Body.Seek(0, io.SeekEnd); err != nil {
			return nil, err
		}
		if _, err = r.Body.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		body = io.NopCloser(r.Progress.Reader(r.Body)) // leaves closing the body to the caller
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, address, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = length
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.Tenant != "" {
		req.Header.Set("X-Tenant-ID", c.Tenant)
	}
	return req, nil
}

// connectionError adds the registry's URL to an error of the connection.
func (c *Client) connectionError(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the method and path in e don't help the user
	}
	return fmt.Errorf("no response from %s: %w: set REGISTRY_URL to the registry's address",
		c.Base, err)
}
