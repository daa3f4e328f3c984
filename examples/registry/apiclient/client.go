// Package apiclient is the HTTP client of a running registry. All commands that don't work
// on the database use it.
package apiclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxProblem is the longest error body that is read, in bytes. It is large
// because the error of a refused import lists all conflicts.
const maxProblem = 64 << 20

// Client calls a running registry. Create it with [New].
type Client struct {
	Base   string // the registry's URL, without a trailing slash
	token  string // the platform token or an API key; empty: no credentials
	Tenant string // value of the X-Tenant-ID header; empty: no header
	http   *http.Client
}

// New returns a client with the token of REGISTRY_TOKEN. A wrong URL or token is a
// usage error.
func New(r Flags, t terminal.Terminal) (*Client, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, terminal.Usagef("invalid REGISTRY_URL %q: set it to a URL such as"+
			" https://registry.example.com", r.URL)
	}
	token, err := t.Token("REGISTRY_TOKEN")
	if err != nil {
		return nil, terminal.Usagef("%v", err)
	}
	return &Client{
		Base:  strings.TrimRight(u.String(), "/"),
		token: token,
		http: &http.Client{
			// A registry never redirects. A redirect could send a write to another server.
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}, nil
}

// Request is one HTTP request to the registry. The path is percent-encoded.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       map[string]string
	Body         io.Reader
	Length       int64 // of body in bytes; -1: unknown
}

// Do sends a request and returns a response of status 2xx; the caller closes its
// body. Any other status returns an *Error.
func (c *Client) Do(ctx context.Context, r Request) (*http.Response, error) {
	address := c.Base + r.Path
	if query := r.Query.Encode(); query != "" {
		address += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, address, r.Body)
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		req.ContentLength = r.Length
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.Tenant != "" {
		req.Header.Set("X-Tenant-ID", c.Tenant)
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

// connectionError adds the registry's URL to an error of the connection.
func (c *Client) connectionError(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the method and path in e don't help the user
	}
	return fmt.Errorf("no response from %s: %w: set REGISTRY_URL to the registry's address",
		c.Base, err)
}

// Error is the registry's problem response (RFC 9457).
type Error struct {
	Status    int              `json:"status"`
	Code      tenancy.Code     `json:"code"`
	Title     string           `json:"title"`
	Detail    string           `json:"detail"`
	RequestID string           `json:"request_id"`
	Errors    []tenancy.Detail `json:"errors"`

	Body []byte `json:"-"` // the whole response body; nil: it wasn't problem+json
}

// readProblem returns the *Error of a response. If the body isn't problem+json, the
// error has only the status.
func readProblem(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err == nil && media == "application/problem+json" && json.Unmarshal(body, e) == nil {
		e.Body = body
	}
	e.Status = resp.StatusCode // the body can't override it
	return e
}

// Reason describes in one line what was wrong, and in which members.
func (e *Error) Reason() string {
	switch {
	case e.Body == nil:
		return fmt.Sprintf("HTTP %d %s, which isn't a registry's response: check REGISTRY_URL",
			e.Status, http.StatusText(e.Status))
	case e.Detail == "" && len(e.Errors) == 0:
		return e.Title
	}
	var parts []string
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	for _, d := range e.Errors {
		if d.Path != "" { // an entry without a path repeats Detail
			parts = append(parts, d.Path+": "+d.Detail)
		}
	}
	return strings.Join(parts, "; ")
}

// Error includes the code and, for errors of the server, the request id, with which an
// operator finds the log entry.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Code != "" {
		b.WriteString(string(e.Code) + ": ")
	}
	if e.Code == tenancy.CodeUnauthenticated {
		b.WriteString("set REGISTRY_TOKEN to the platform token or to an API key: ")
	}
	b.WriteString(e.Reason())
	if e.RequestID != "" && e.Status/100 == 5 {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// IsRowError reports whether the error is about the content of this request, so
// that another row may succeed. With missing permissions, an unknown tenant or a
// failing server, every row would be refused.
func (e *Error) IsRowError() bool {
	switch e.Code {
	case tenancy.CodeNoTenant, tenancy.CodeTenantMismatch, tenancy.CodeTenantNotFound,
		tenancy.CodeTenantSuspended:
		return false
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return e.Body != nil && e.Status/100 == 4
}
