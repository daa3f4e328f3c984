package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ProblemType is the media type of every error.
const ProblemType = "application/problem+json"

// Codes of HTTP errors, in addition to those of package tenancy.
const (
	// CodeMethodNotAllowed: the path exists, with the methods in the header Allow.
	CodeMethodNotAllowed tenancy.Code = "method_not_allowed"
	// CodeUnsupportedMediaType: the route doesn't accept the body's Content-Type.
	CodeUnsupportedMediaType = requestbody.CodeUnsupportedMediaType
	// CodeRequestTimeout: the body didn't arrive within the route's time.
	CodeRequestTimeout = requestbody.CodeTimeout
	// CodeCrossOrigin: a browser sent the request with a session's cookie from a page of
	// another origin.
	CodeCrossOrigin tenancy.Code = "cross_origin"
)

// statuses is the only table from code to status. The response to a code that it
// doesn't contain has [tenancy.CodeInternal].
var statuses = map[tenancy.Code]int{
	tenancy.CodeInternal:           http.StatusInternalServerError,
	tenancy.CodeUnavailable:        http.StatusServiceUnavailable,
	tenancy.CodeInvalid:            http.StatusUnprocessableEntity,
	tenancy.CodePasswordRequired:   http.StatusUnprocessableEntity,
	tenancy.CodeInvalidJSON:        http.StatusBadRequest,
	tenancy.CodeInexactNumber:      http.StatusUnprocessableEntity,
	tenancy.CodeUnknownField:       http.StatusUnprocessableEntity,
	tenancy.CodeInvalidCursor:      http.StatusBadRequest,
	tenancy.CodeTooLarge:           http.StatusRequestEntityTooLarge,
	tenancy.CodeUnauthenticated:    http.StatusUnauthorized,
	tenancy.CodeTooManyAttempts:    http.StatusTooManyRequests,
	tenancy.CodeForbidden:          http.StatusForbidden,
	tenancy.CodeReasonRequired:     http.StatusBadRequest,
	tenancy.CodeNoTenant:           http.StatusBadRequest,
	tenancy.CodeTenantMismatch:     http.StatusBadRequest,
	tenancy.CodeTenantNotFound:     http.StatusNotFound,
	tenancy.CodeTenantSuspended:    http.StatusForbidden,
	tenancy.CodeInvalidSlug:        http.StatusUnprocessableEntity,
	tenancy.CodeSlugReserved:       http.StatusUnprocessableEntity,
	tenancy.CodeSlugTaken:          http.StatusConflict,
	tenancy.CodeInvalidState:       http.StatusConflict,
	tenancy.CodeNotFound:           http.StatusNotFound,
	tenancy.CodeAlreadyExists:      http.StatusConflict,
	tenancy.CodeVersionMismatch:    http.StatusPreconditionFailed,
	tenancy.CodeDanglingReference:  http.StatusUnprocessableEntity,
	tenancy.CodeCyclicReference:    http.StatusUnprocessableEntity,
	tenancy.CodeReferenced:         http.StatusConflict,
	tenancy.CodeLastAdmin:          http.StatusConflict,
	tenancy.CodeNotDeletable:       http.StatusConflict,
	tenancy.CodeDigestMismatch:     http.StatusUnprocessableEntity,
	tenancy.CodeUnsupportedVersion: http.StatusUnprocessableEntity,
	tenancy.CodeSignatureRequired:  http.StatusUnprocessableEntity,
	tenancy.CodeSignatureInvalid:   http.StatusUnprocessableEntity,
	tenancy.CodeSignerUntrusted:    http.StatusUnprocessableEntity,
	tenancy.CodeImportConflict:     http.StatusConflict,
	tenancy.CodeTargetChanged:      http.StatusConflict,

	tenancy.CodeConfirmationRequired: http.StatusConflict,
	tenancy.CodeSecretsMissing:       http.StatusUnprocessableEntity,

	tenancy.CodeQuotaExceeded:   http.StatusForbidden,
	tenancy.CodeTooManyRequests: http.StatusTooManyRequests,
	CodeMethodNotAllowed:        http.StatusMethodNotAllowed,
	CodeUnsupportedMediaType:    http.StatusUnsupportedMediaType,
	CodeRequestTimeout:          http.StatusRequestTimeout,
	CodeCrossOrigin:             http.StatusForbidden,
}

// Problem is the body of an error response: RFC 9457 problem details. Its type is
// "about:blank", so the title is the text of the status. Programs should use Code to
// tell errors apart.
type Problem struct {
	Type      string           `json:"type"`
	Title     string           `json:"title"`
	Status    int              `json:"status"`
	Detail    string           `json:"detail"`
	Code      tenancy.Code     `json:"code"`
	RequestID string           `json:"request_id"`
	Errors    []tenancy.Detail `json:"errors,omitempty"`
	Members   map[string]any   `json:"-"` // extension members
}

// problemOf returns what may be shown of err. An error that isn't a [tenancy.Error]
// with a code of the table is shown as an internal error without its message.
func problemOf(err error) Problem {
	shown, ok := errors.AsType[*tenancy.Error](err)
	switch {
	case (!ok || shown.Code == tenancy.CodeInternal) && interrupted(err):
		shown = tenancy.Errorf(tenancy.CodeUnavailable,
			"the request was interrupted or took too long: try again")
	case !ok || shown.Code == tenancy.CodeInternal || statuses[shown.Code] == 0:
		shown = tenancy.Errorf(tenancy.CodeInternal,
			"internal error; the server's log has its cause under this request_id")
	}
	status := statuses[shown.Code]
	return Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: shown.Message, Code: shown.Code, Errors: shown.Details, Members: shown.Members,
	}
}

// interrupted reports whether err is the end of the request's context rather than a
// fault.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// MarshalJSON writes the standard members first, then the extension members. It leaves
// out an extension member with the name of a standard one.
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	standard, err := marshal(plain(p))
	if err != nil || len(p.Members) == 0 {
		return standard, err
	}
	extensions := make(map[string]any, len(p.Members))
	for name, value := range p.Members {
		if !standardMember[name] {
			extensions[name] = value
		}
	}
	rest, err := marshal(extensions)
	if err != nil || len(extensions) == 0 {
		return standard, err
	}
	standard[len(standard)-1] = ','
	return append(standard, rest[1:]...), nil
}

var standardMember = map[string]bool{
	"type": true, "title": true, "status": true, "detail": true, "code": true, "request_id": true,
	"errors": true,
}

// marshal is json.Marshal without HTML escaping: canonical specs have none.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
