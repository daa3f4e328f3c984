// Package apicall calls the API in the same process, as the caller of a page's request. So
// a page shows what the API would answer to this caller, and nothing else: authentication,
// the tenant, permissions, quotas and the audit log are those of the API.
package apicall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
)

// The headers that identify the caller and the page's origin. The API checks them as if the
// browser had called it.
var forwarded = []string{
	"Cookie", "Authorization", "User-Agent", "Origin", "Sec-Fetch-Site", "X-Request-Id",
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Tenant-Id",
}

// Client makes the calls of one page's request.
type Client struct {
	api    http.Handler
	prefix string // of the API's paths
	outer  *http.Request

	tenant  string    // the header X-Tenant-ID; empty: none
	reason  string    // the header X-Reason; empty: none
	cookies *[]string // what the answers set
}

// New returns a client for the caller of r. Prefix is the one of the API's paths. A cookie
// that an answer sets or deletes counts in later calls: who signs in is then the caller.
func New(api http.Handler, prefix string, r *http.Request) *Client {
	return &Client{api: api, prefix: prefix, outer: r, cookies: new([]string)}
}

// For returns a client whose calls are for a tenant. The reason is why a super-admin
// calls; empty: none.
func (c *Client) For(tenant, reason string) *Client {
	bound := *c
	bound.tenant, bound.reason = tenant, reason
	return &bound
}

// Cookies returns the Set-Cookie headers of all answers, the newest of each cookie. Those of
// the clients that [Client.For] returned are among them.
func (c *Client) Cookies() []string { return *c.cookies }

// Call is one call of the API.
type Call struct {
	Method string // defaults to GET
	Path   string // below /api/v1, escaped
	Query  url.Values
	Header http.Header // further headers
	Body   any         // sent as JSON; nil: none
	Raw    io.Reader   // the body, instead of Body
	Media  string      // of Raw

	Into any // where the answer's JSON goes; nil: it is dropped
}

// Do makes the call. An answer that isn't a success is a [*Problem].
func (c *Client) Do(ctx context.Context, call Call) error {
	a, err := c.Answer(ctx, call)
	if err != nil || call.Into == nil {
		return err
	}
	if err := json.Unmarshal(a.Body, call.Into); err != nil {
		return fmt.Errorf("the answer of %s: %w", call.Path, err)
	}
	return nil
}

// Get reads path into out.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	return c.Do(ctx, Call{Path: path, Query: query, Into: out})
}

// Answer is a successful answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Answer makes the call and returns the whole answer. One that isn't a success is a
// [*Problem].
func (c *Client) Answer(ctx context.Context, call Call) (Answer, error) {
	req, err := c.request(ctx, call)
	if err != nil {
		return Answer{}, err
	}
	out := &recorder{header: http.Header{}, status: http.StatusOK}
	if err := c.serve(out, req); err != nil {
		return Answer{}, err
	}
	c.keepCookies(out.header)
	if out.status >= http.StatusBadRequest {
		return Answer{}, readProblem(out.status, out.header, out.body.Bytes())
	}
	return Answer{out.status, out.header, out.body.Bytes()}, nil
}

// serve lets the API answer. A panic of it is an error: nothing of the page is written yet.
func (c *Client) serve(w http.ResponseWriter, req *http.Request) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the API panicked: %v\n%s", cause, debug.Stack())
		}
	}()
	c.api.ServeHTTP(w, req)
	return nil
}

// Stream makes the call and writes a successful answer to w as it comes. Before the first
// byte, a failure is returned as a [*Problem] and w is unchanged.
func (c *Client) Stream(ctx context.Context, w http.ResponseWriter, call Call) error {
	req, err := c.request(ctx, call)
	if err != nil {
		return err
	}
	out := &streamer{recorder: recorder{header: http.Header{}, status: http.StatusOK}, w: w}
	c.api.ServeHTTP(out, req)
	c.keepCookies(out.header)
	if out.status >= http.StatusBadRequest {
		return readProblem(out.status, out.header, out.body.Bytes())
	}
	return nil
}

// request builds the request of a call.
func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	body, media, err := call.content()
	if err != nil {
		return nil, err
	}
	method := call.Method
	if method == "" {
		method = http.MethodGet
	}
	target := c.prefix + "/api/v1" + call.Path
	if len(call.Query) > 0 {
		target += "?" + call.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	req.Host, req.RemoteAddr, req.TLS = c.outer.Host, c.outer.RemoteAddr, c.outer.TLS
	req.RequestURI = target
	for _, name := range forwarded {
		if values, ok := c.outer.Header[name]; ok {
			req.Header[name] = slices.Clone(values) // no nil: an empty header isn't an absent one
		}
	}
	setCookies(req.Header, *c.cookies)
	for name, values := range call.Header {
		req.Header[name] = values
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if c.tenant != "" {
		req.Header.Add("X-Tenant-Id", c.tenant)
	}
	if c.reason != "" {
		req.Header.Set("X-Reason", c.reason)
	}
	return req, nil
}

// content returns the body of the call and its media type.
func (call Call) content() (io.Reader, string, error) {
	if call.Raw != nil {
		return call.Raw, call.Media, nil
	}
	if call.Body == nil {
		return http.NoBody, "", nil
	}
	text, err := json.Marshal(call.Body)
	return bytes.NewReader(text), "application/json", err
}

// recorder holds an answer in memory.
type recorder struct {
	header  http.Header
	status  int
	started bool
	body    bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if !r.started && status >= http.StatusOK {
		r.status, r.started = status, true
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// streamer passes a success on, and holds a problem.
type streamer struct {
	recorder
	w    http.ResponseWriter
	open bool
}

// passedOn are the headers of a streamed answer.
var passedOn = []string{"Content-Type", "Content-Disposition", "Content-Length"}

func (s *streamer) WriteHeader(status int) {
	if s.started || status < http.StatusOK {
		return
	}
	s.recorder.WriteHeader(status)
	if s.open = status < http.StatusBadRequest; !s.open {
		return
	}
	for _, name := range passedOn {
		if values := s.header[name]; values != nil {
			s.w.Header()[name] = values
		}
	}
	s.w.WriteHeader(status)
}

func (s *streamer) Write(b []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	if s.open {
		return s.w.Write(b)
	}
	return s.body.Write(b)
}

// FlushError sends what was passed on. As on the wire, the first one makes the status a success.
func (s *streamer) FlushError() error {
	s.WriteHeader(http.StatusOK)
	if !s.open {
		return nil
	}
	return http.NewResponseController(s.w).Flush()
}

// Unwrap is for the deadlines of [http.ResponseController].
func (s *streamer) Unwrap() http.ResponseWriter { return s.w }

// ProblemOf returns the problem that err is, or nil.
func ProblemOf(err error) *Problem {
	p, _ := errors.AsType[*Problem](err)
	return p
}
