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

// request is one request before it is signed.
type request struct {
	method string
	path   string // escaped
	query  url.Values
	header map[string]string
	media  string
	body   string
}

// text is all that the request says.
func (r request) text() string {
	var b strings.Builder
	decoded, _ := url.PathUnescape(r.path)
	fmt.Fprint(&b, decoded, r.query, r.body)
	for name, value := range r.header {
		fmt.Fprint(&b, " ", name, ": ", value)
	}
	return b.String()
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   string
}

// requestTimeout bounds one request.
const requestTimeout = 20 * time.Second

const tenantHeader = "X-Tenant-ID"

// send lets s ask the handler; nobody if it is nil. Whoever asks names their
// tenant in X-Tenant-ID unless the request says something else there.
func (e *examination) send(ctx context.Context, s *tenantSide, asked request) response {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	target := asked.path
	if len(asked.query) > 0 {
		target += "?" + asked.query.Encode()
	}
	r := httptest.NewRequestWithContext(ctx, asked.method, target, strings.NewReader(asked.body))
	if asked.media != "" {
		r.Header.Set("Content-Type", asked.media)
	}
	if s != nil {
		r.Header.Set(tenantHeader, s.ID.String())
		e.sign(r, s)
	}
	for name, value := range asked.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	serve(e.handler, w, r)
	return response{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// serve answers a request that the handler cut off with what it had sent.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	defer func() {
		if cause := recover(); cause != nil && cause != http.ErrAbortHandler {
			panic(cause)
		}
	}()
	h.ServeHTTP(w, r)
}

func (e *examination) sign(r *http.Request, s *tenantSide) {
	if e.options.Sign != nil {
		e.options.Sign(r, s.ID)
		return
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
}

// text is the whole answer.
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
	volatileHeaders  = regexp.MustCompile(`(?m)^(Content-Length|Date): .*\n`)
)

// isRateLimited reports whether the caller has made too many attempts to sign in. Other
// limits are a tenant's own, and comparable.
func (a response) isRateLimited() bool {
	return a.status == http.StatusTooManyRequests &&
		strings.Contains(a.body, string(tenancy.CodeTooManyAttempts))
}

// normalized is the answer without what differs from one to the next anyway, and
// without the value that was asked for. Plain text, as metrics have it, counts
// the requests themselves: in it the other's values alone are looked for.
func (a response) normalized(value string) string {
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/plain;") {
		a.body = ""
	}
	text := a.text()
	text = volatileHeaders.ReplaceAllString(text, "")
	text = requestIDPattern.ReplaceAllString(text, "${1}id")
	text = cursorPattern.ReplaceAllString(text, "${1}cursor")
	if value != "" {
		for _, form := range []string{value, url.PathEscape(value), url.QueryEscape(value)} {
			text = strings.ReplaceAll(text, form, "«value»")
		}
	}
	text = uuidPattern.ReplaceAllString(text, "uuid")
	return timestampPattern.ReplaceAllString(text, "time")
}

// fillPath fills the path: the tenant's place with tenant, every other with value.
func (op operation) fillPath(tenant, value string) string {
	return pathParameter.ReplaceAllStringFunc(op.path, func(found string) string {
		if found == "{"+tenantParameter+"}" {
			return url.PathEscape(tenant)
		}
		return url.PathEscape(value)
	})
}

func (op operation) newRequest(tenant, value string) request {
	return request{method: op.method, path: op.fillPath(tenant, value), query: url.Values{},
		header: map[string]string{}}
}
