package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// response is an HTTP response with its whole body.
type response struct {
	status int
	header http.Header
	body   []byte
}

// hasStatus requires this status.
func (a response) hasStatus(t testing.TB, status int) response {
	t.Helper()
	if a.status != status {
		t.Fatalf("want HTTP %d, got %d: %s", status, a.status, a.body)
	}
	return a
}

// problemBody is a problem+json body.
type problemBody struct {
	Status    int
	Code      tenancy.Code
	Detail    string
	RequestID string `json:"request_id"`
	Errors    []tenancy.Detail
}

// isProblem requires a problem+json response with this status and code.
func (a response) isProblem(t testing.TB, status int, code tenancy.Code) problemBody {
	t.Helper()
	a.hasStatus(t, status)
	if media := a.header.Get("Content-Type"); media != "application/problem+json" {
		t.Fatalf("want a problem, got the content type %q: %s", media, a.body)
	}
	p := decode[problemBody](t, a)
	if p.Code != code || p.Status != status || p.RequestID == "" {
		t.Fatalf("want the status %d, the code %q and a request id: %s", status, code, a.body)
	}
	return p
}

// decode decodes a response's body.
func decode[T any](t testing.TB, a response) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}
