package harness

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Response is an HTTP response with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// HasStatus requires this status.
func (r Response) HasStatus(t testing.TB, status int) Response {
	t.Helper()
	if r.Status != status {
		t.Fatalf("want HTTP %d, got %d: %s", status, r.Status, r.Body)
	}
	return r
}

// Problem is a problem+json body.
type Problem struct {
	Status    int
	Code      tenancy.Code
	Detail    string
	RequestID string `json:"request_id"`
	Errors    []tenancy.Detail
}

// IsProblem requires a problem+json response with this status and code.
func (r Response) IsProblem(t testing.TB, status int, code tenancy.Code) Problem {
	t.Helper()
	r.HasStatus(t, status)
	if media := r.Header.Get("Content-Type"); media != "application/problem+json" {
		t.Fatalf("want a problem, got the content type %q: %s", media, r.Body)
	}
	p := Decode[Problem](t, r)
	if p.Code != code || p.Status != status || p.RequestID == "" {
		t.Fatalf("want the status %d, the code %q and a request id: %s", status, code, r.Body)
	}
	return p
}

// Decode decodes a response's body.
func Decode[T any](t testing.TB, r Response) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.Body, &v); err != nil {
		t.Fatalf("%v: %s", err, r.Body)
	}
	return v
}
