package apiclient

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxProblem is the longest error body that is read, in bytes. It is large
// because the error of a refused import lists all conflicts.
const maxProblem = 64 << 20

// Error is the registry's problem response (RFC 9457).
type Error struct {
	Status    int              `json:"status"`
	Code      tenancy.Code     `json:"code"`
	Title     string           `json:"title"`
	Detail    string           `json:"detail"`
	RequestID string           `json:"request_id"`
	Errors    []tenancy.Detail `json:"errors"`
	Truncated bool             `json:"truncated"` // Errors has the first of more
	Starting  bool             `json:"starting"`  // the registry is starting; it did nothing

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
	summary, lines := e.reasons()
	return strings.Join(append([]string{summary}, lines...), "; ")
}

// reasons describes what was wrong: in one line, and in a line for each member if there are
// several. It says nothing twice: a registry's detail often repeats the first of its errors.
func (e *Error) reasons() (summary string, lines []string) {
	if e.Body == nil {
		return fmt.Sprintf("HTTP %d %s, which isn't a registry's response: check REGISTRY_URL",
			e.Status, http.StatusText(e.Status)), nil
	}
	summary = cmp.Or(e.Detail, e.Title)
	if len(e.Errors) == 0 {
		return summary, nil
	}
	first := e.Errors[0]
	repeated := strings.Contains(summary, first.Detail)
	if len(e.Errors) == 1 && repeated {
		if !strings.Contains(summary, first.Path) {
			summary = first.Path + ": " + summary
		}
		return summary, nil
	}
	if repeated {
		summary = fmt.Sprintf("%d faults", len(e.Errors))
	}
	for _, d := range e.Errors {
		lines = append(lines, strings.TrimPrefix(d.Path+": "+d.Detail, ": "))
	}
	if e.Truncated {
		lines = append(lines, fmt.Sprintf("… and more: these are the first %d", len(e.Errors)))
	}
	return summary, lines
}

// Error includes the code and, for errors of the server, the request id, with which an
// operator finds the log entry. More than one wrong member are a list, one line each.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Code != "" {
		b.WriteString(string(e.Code) + ": ")
	}
	if e.Code == tenancy.CodeUnauthenticated {
		b.WriteString("set REGISTRY_TOKEN to the platform token or to an API key: ")
	}
	summary, lines := e.reasons()
	b.WriteString(summary)
	if e.RequestID != "" && e.Status/100 == 5 {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	for _, line := range lines {
		b.WriteString("\n  " + line)
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
