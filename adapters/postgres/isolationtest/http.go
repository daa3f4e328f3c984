package isolationtest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// request is an HTTP request without credentials.
type request struct {
	method string
	path   string // escaped
	query  url.Values
	header map[string]string
	media  string
	body   string

	secondTenant string // a second value of X-Tenant-ID
	hostName     string // of the header Host; empty: any
	viewer       bool   // signed as a viewer
}

// text returns the texts of the request in which the victim's values may be.
func (r request) text() string {
	var b strings.Builder
	decoded, _ := url.PathUnescape(r.path)
	fmt.Fprint(&b, decoded, r.query, r.body, r.secondTenant, r.hostName)
	for name, value := range r.header {
		fmt.Fprint(&b, " ", name, ": ", value)
	}
	return b.String()
}

// response is an HTTP response.
type response struct {
	status int
	header http.Header
	body   string
}

// requestTimeout limits one request.
const requestTimeout = 20 * time.Second

const tenantHeader = "X-Tenant-ID"

// send sends a request as s, without credentials if s is nil. It names the tenant of s in
// X-Tenant-ID unless the request sets that header.
func (e *examination) send(ctx context.Context, s *tenantSide, req request) response {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	target := req.path
	if len(req.query) > 0 {
		target += "?" + req.query.Encode()
	}
	r := httptest.NewRequestWithContext(ctx, req.method, target, strings.NewReader(req.body))
	if req.media != "" {
		r.Header.Set("Content-Type", req.media)
	}
	if s != nil {
		r.Header.Set(tenantHeader, s.ID.String())
		e.sign(r, s, req.viewer)
	}
	for name, value := range req.header {
		r.Header.Set(name, value)
	}
	if req.secondTenant != "" {
		r.Header.Add(tenantHeader, req.secondTenant)
	}
	if req.hostName != "" {
		r.Host = req.hostName
	}
	w := httptest.NewRecorder()
	serve(e.handler, w, r)
	return response{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// serve calls the handler. If the handler aborts the response, what it had sent is the response.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	defer func() {
		if cause := recover(); cause != nil && cause != http.ErrAbortHandler {
			panic(cause)
		}
	}()
	h.ServeHTTP(w, r)
}

func (e *examination) sign(r *http.Request, s *tenantSide, viewer bool) {
	switch {
	case viewer && e.options.SignViewer != nil:
		e.options.SignViewer(r, s.ID)
	case e.options.Sign != nil:
		e.options.Sign(r, s.ID)
	case viewer:
		r.Header.Set("Authorization", "Bearer "+s.viewer)
	default:
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
}

// text returns the whole response.
func (a response) text() string {
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(a.header[name], ", "))
	}
	return b.String() + a.body
}

var (
	timestampPattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	requestIDPattern = regexp.MustCompile(`("request_id":\s*"|X-Request-Id: )[^"\n]*`)
	cursorPattern    = regexp.MustCompile(`("next_cursor":\s*")[^"]*`)
	// hashTagPattern matches the library's entity tags: hashes of what the body shows, with its id
	// and its times. Other tags, such as a bare version, remain and must be equal.
	hashTagPattern = regexp.MustCompile(`(?m)^(Etag: ")[A-Za-z0-9_-]{24}"$`)
	// numberIDPattern matches ids that a sequence of the database makes.
	numberIDPattern = regexp.MustCompile(`("id":\s*")[0-9]+"`)
	// timeVersionPattern matches the versions of a table without versions: microseconds since 1970.
	timeVersionPattern = regexp.MustCompile(`("version":\s*)[0-9]{16}`)
	volatileHeaders    = regexp.MustCompile(`(?m)^(Content-Length|Date): .*\n`)
)

// isRateLimited reports whether the caller has made too many attempts to sign in. Other limits
// apply to each tenant, and such responses are comparable.
func (a response) isRateLimited() bool {
	return a.status == http.StatusTooManyRequests &&
		strings.Contains(a.body, string(tenancy.CodeTooManyAttempts))
}

// normalized returns the response without what differs between any two responses, and without
// the value of the request. It drops a body of plain text, such as metrics, which counts the
// requests themselves: only findLeak examines it.
func (a response) normalized(value string) string {
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/plain;") {
		a.body = ""
	}
	text := a.text()
	text = volatileHeaders.ReplaceAllString(text, "")
	text = requestIDPattern.ReplaceAllString(text, "${1}id")
	text = hashTagPattern.ReplaceAllString(text, `${1}hash"`)
	text = cursorPattern.ReplaceAllString(text, "${1}cursor")
	switch {
	case numberPattern.MatchString(value): // it may be part of any other number
		text = regexp.MustCompile(`(["/\\])`+value+`(["\\\n])`).
			ReplaceAllString(text, "${1}«value»${2}")
	case value != "":
		for _, form := range []string{value, url.PathEscape(value), url.QueryEscape(value)} {
			text = strings.ReplaceAll(text, form, "«value»")
		}
	}
	text = uuidPattern.ReplaceAllString(text, "uuid")
	text = timeVersionPattern.ReplaceAllString(text, "${1}time")
	text = numberIDPattern.ReplaceAllString(text, `${1}number"`)
	return timestampPattern.ReplaceAllString(text, "time")
}

var versionPattern = regexp.MustCompile(`("[vV]ersion":\s*|(?m:^Etag: "))\d+`)

// withoutVersion returns a response without the version of an item, which restoring the item raises.
func withoutVersion(text string) string { return versionPattern.ReplaceAllString(text, "${1}n") }

// fillPath fills the path template: tenant for the tenant's parameter, the tenant's own values for
// the leading parameters of a host's route, and value for all others.
func (op operation) fillPath(tenant, value string) string {
	return pathParameter.ReplaceAllStringFunc(op.path, func(found string) string {
		if found == "{"+tenantParameter+"}" {
			return url.PathEscape(tenant)
		}
		if own, ok := op.leading[tenant][found[1:len(found)-1]]; ok {
			return url.PathEscape(own)
		}
		return url.PathEscape(value)
	})
}

func (op operation) newRequest(tenant, value string) request {
	return request{method: op.method, path: op.fillPath(tenant, value), query: url.Values{},
		header: map[string]string{}}
}
