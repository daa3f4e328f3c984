package apicall

import (
	"encoding/json"
	"net/http"
)

// Problem is an answer that isn't a success: RFC 9457.
type Problem struct {
	Status    int
	Code      string        `json:"code"`
	Detail    string        `json:"detail"`
	RequestID string        `json:"request_id"`
	Errors    []InputError  `json:"errors"`
	Referrers []ResourceRef `json:"referrers"`

	RetryAfter string          // the header
	Body       json.RawMessage // the whole problem
}

// InputError is what is wrong at a place of the input.
type InputError struct {
	Path   string `json:"path"` // JSON Pointer
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// ResourceRef names a resource.
type ResourceRef struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Error returns the code and the detail.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// readProblem reads a problem. A host's other format of errors leaves only the status.
func readProblem(status int, h http.Header, body []byte) *Problem {
	p := &Problem{Body: body}
	if err := json.Unmarshal(body, p); err != nil || p.Code == "" {
		p = &Problem{Code: "failed", Detail: http.StatusText(status), Body: body}
	}
	p.Status, p.RetryAfter = status, h.Get("Retry-After")
	return p
}
