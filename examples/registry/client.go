package main

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

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxProblem is how much of an error's body is read, in bytes: a refused import
// lists its conflicts there.
const maxProblem = 64 << 20

// client speaks with a running registry.
type client struct {
	base   string // without a slash at the end
	token  string
	tenant string // the X-Tenant-ID header, unless empty
	http   *http.Client
}

func newClient(r remote, t terminal) (*client, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usagef("REGISTRY_URL is an address like https://registry.example.com, not %q",
			r.URL)
	}
	return &client{
		base:  strings.TrimRight(u.String(), "/"),
		token: t.getenv("REGISTRY_TOKEN"),
		http: &http.Client{
			// A registry redirects nobody. Whoever does could lead a write elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}, nil
}

// request is one call. Path comes percent-encoded.
type request struct {
	method, path string
	query        url.Values
	header       map[string]string
	body         io.Reader
	length       int64 // of body; -1 when unknown
}

// do answers the response of a call that succeeded; the caller closes its body.
// A refusal is an *apiError.
func (c *client) do(ctx context.Context, r request) (*http.Response, error) {
	address := c.base + r.path
	if query := r.query.Encode(); query != "" {
		address += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, r.body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.ContentLength = r.length
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.tenant != "" {
		req.Header.Set("X-Tenant-ID", c.tenant)
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

// connectionError says of an error on the way which registry was meant.
func (c *client) connectionError(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the method and the path, which say nothing to a person
	}
	return fmt.Errorf("no answer from %s: %w; REGISTRY_URL says where the registry is", c.base, err)
}

// apiError is a refusal as the registry tells it (RFC 9457).
type apiError struct {
	Status    int              `json:"status"`
	Code      tenancy.Code     `json:"code"`
	Title     string           `json:"title"`
	Detail    string           `json:"detail"`
	RequestID string           `json:"request_id"`
	Errors    []tenancy.Detail `json:"errors"`

	body []byte // the whole answer
}

func readProblem(resp *http.Response) error {
	e := &apiError{Status: resp.StatusCode}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err == nil && media == "application/problem+json" && json.Unmarshal(body, e) == nil {
		e.body = body
	}
	e.Status = resp.StatusCode // whatever the body says
	return e
}

// reason says in one line what was wrong, and where.
func (e *apiError) reason() string {
	switch {
	case e.body == nil:
		return fmt.Sprintf("HTTP %d %s, and not in the words of a registry: is this its address?",
			e.Status, http.StatusText(e.Status))
	case e.Detail == "" && len(e.Errors) == 0:
		return e.Title
	}
	var parts []string
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	for _, d := range e.Errors {
		if d.Path != "" { // without one it is about the whole, as Detail is
			parts = append(parts, d.Path+": "+d.Detail)
		}
	}
	return strings.Join(parts, "; ")
}

func (e *apiError) Error() string {
	var b strings.Builder
	if e.Code != "" {
		b.WriteString(string(e.Code) + ": ")
	}
	if e.Code == tenancy.CodeUnauthenticated {
		b.WriteString("set REGISTRY_TOKEN to the platform token or to an API key: ")
	}
	b.WriteString(e.reason())
	if e.RequestID != "" && e.Status/100 == 5 {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// isRowError reports whether the error is about what was sent, so that something
// else may well be taken. Missing rights, an unknown tenant or a server that is
// ill would refuse everything.
func (e *apiError) isRowError() bool {
	switch e.Code {
	case tenancy.CodeNoTenant, tenancy.CodeTenantMismatch, tenancy.CodeTenantNotFound,
		tenancy.CodeTenantSuspended:
		return false
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return e.body != nil && e.Status/100 == 4
}
