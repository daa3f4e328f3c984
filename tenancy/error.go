package tenancy

import (
	"errors"
	"fmt"
)

// Code names one kind of failure, for programs. Codes are stable: they are
// part of the HTTP contract.
type Code string

// The codes of the library. A code says what went wrong, not where.
const (
	// a fault of ours or of something below us; never explained to a caller
	CodeInternal Code = "internal"
	// not now: the database is out of reach or too slow; try again
	CodeUnavailable Code = "unavailable"
	// a value that doesn't fit; Details say which
	CodeInvalid       Code = "invalid"
	CodeInvalidJSON   Code = "invalid_json"   // not JSON as RFC 7493 (I-JSON) has it
	CodeInexactNumber Code = "inexact_number" // a number that an IEEE double can't hold
	CodeUnknownField  Code = "unknown_field"  // a member that the contract doesn't know
	// a cursor of another list, or no cursor at all
	CodeInvalidCursor   Code = "invalid_cursor"
	CodeTooLarge        Code = "too_large"       // a body beyond its limit
	CodeUnauthenticated Code = "unauthenticated" // no credentials, or none that are known
	// wait before the next one; the member retry_after says how long, in seconds
	CodeTooManyAttempts Code = "too_many_attempts"
	CodeForbidden       Code = "forbidden" // the role doesn't allow it
	// a super-admin must say why they act in this tenant
	CodeReasonRequired  Code = "reason_required"
	CodeNoTenant        Code = "tenant_required"  // nothing says which tenant
	CodeTenantMismatch  Code = "tenant_mismatch"  // two sources name different tenants
	CodeTenantNotFound  Code = "tenant_not_found" // unknown, deleted, or not the caller's
	CodeTenantSuspended Code = "tenant_suspended" // told to its members only
	CodeInvalidSlug     Code = "invalid_slug"     // see [Slug]
	CodeSlugReserved    Code = "slug_reserved"    // see [Slug.Reserved]
	CodeSlugTaken       Code = "slug_taken"       // also by a deleted tenant
	// the tenant's state doesn't allow the change
	CodeInvalidState       Code = "invalid_state"
	CodeNotFound           Code = "not_found"           // no such thing in this tenant
	CodeAlreadyExists      Code = "already_exists"      // create-only, and it is there
	CodeVersionMismatch    Code = "version_mismatch"    // it changed since it was read
	CodeDanglingReference  Code = "dangling_reference"  // a name that nothing in the tenant has
	CodeReferenced         Code = "referenced"          // something still refers to it
	CodeLastAdmin          Code = "last_admin"          // a tenant that has an admin keeps one
	CodeNotDeletable       Code = "not_deletable"       // the kind's only item stays
	CodeDigestMismatch     Code = "digest_mismatch"     // a bundle that isn't what was exported
	CodeUnsupportedVersion Code = "unsupported_version" // a bundle of a newer format
	// the target has other content under the same names
	CodeImportConflict Code = "import_conflict"
	CodeTargetChanged  Code = "target_changed" // the target was written to meanwhile
	// the tenant has as many as it may have; members kind and limit
	CodeQuotaExceeded Code = "quota_exceeded"
	// faster than the tenant may ask; member retry_after, in seconds
	CodeTooManyRequests Code = "too_many_requests"
)

// Error is the only error type that crosses a port. Message may be shown to
// whoever called; Err is the cause, for logs.
type Error struct {
	Code    Code
	Message string
	Details []Detail       // which parts of the input are wrong; may be shown
	Members map[string]any // further facts for programs, by member name; may be shown
	Err     error
}

// Detail is one wrong place in an input.
type Detail struct {
	Path   string `json:"path"` // a JSON Pointer (RFC 6901)
	Code   Code   `json:"code"`
	Detail string `json:"detail"`
}

// Sentinels for [errors.Is], which compares codes: any *Error with the same
// code matches, through any number of wraps.
var (
	ErrNoTenant error = &Error{Code: CodeNoTenant,
		Message: "no tenant: name one by subdomain, X-Tenant-ID, path or API key"}
	ErrTenantNotFound error = &Error{Code: CodeTenantNotFound, Message: "no such tenant"}
	ErrNotFound       error = &Error{Code: CodeNotFound, Message: "not found"}
	ErrLastAdmin      error = &Error{Code: CodeLastAdmin,
		Message: "this is the tenant's only admin: make somebody else one first"}
	ErrForbidden error = &Error{Code: CodeForbidden, Message: "your role doesn't allow this"}
)

// Errorf makes an Error with a message that is safe to show.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because is e with a cause, which is for logs and never shown.
func (e *Error) Because(cause error) *Error {
	wrapped := *e
	wrapped.Err = cause
	return &wrapped
}

// Error is the text for logs: code, message and cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf is the code of the first Error in err's chain; [CodeInternal] for an
// error of anybody else, and empty for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
