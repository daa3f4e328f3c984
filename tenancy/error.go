package tenancy

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Code names one kind of failure, for programs. Codes are stable: they are
// part of the HTTP contract.
type Code string

// The codes of the library. A code says what went wrong, not where.
const (
	// a fault of this program or of something it uses; callers get no explanation
	CodeInternal Code = "internal"
	// the database is unreachable or too slow at the moment; retry later
	CodeUnavailable Code = "unavailable"
	// an invalid value; Details say which
	CodeInvalid Code = "invalid"
	// a new account would have no way to sign in
	CodePasswordRequired Code = "password_required"

	CodeInvalidJSON   Code = "invalid_json"   // not I-JSON (RFC 7493)
	CodeInexactNumber Code = "inexact_number" // a number that an IEEE double can't represent
	CodeUnknownField  Code = "unknown_field"  // a member that the contract doesn't define
	// malformed, or the cursor of another list
	CodeInvalidCursor   Code = "invalid_cursor"
	CodeTooLarge        Code = "too_large"       // a body over its limit
	CodeUnauthenticated Code = "unauthenticated" // no credentials, or unknown ones
	// wait before the next attempt; the member retry_after is the wait in seconds
	CodeTooManyAttempts Code = "too_many_attempts"
	CodeForbidden       Code = "forbidden" // the role doesn't allow it
	// a super-admin must give a reason for acting in this tenant
	CodeReasonRequired  Code = "reason_required"
	CodeNoTenant        Code = "tenant_required"  // no source names a tenant
	CodeTenantMismatch  Code = "tenant_mismatch"  // two sources name different tenants
	CodeTenantNotFound  Code = "tenant_not_found" // unknown, deleted, or not the caller's
	CodeTenantSuspended Code = "tenant_suspended" // only members get this code
	CodeInvalidSlug     Code = "invalid_slug"     // see [Slug]
	CodeSlugReserved    Code = "slug_reserved"    // see [Slug.Reserved]
	CodeSlugTaken       Code = "slug_taken"       // also by a deleted tenant
	// the tenant's state doesn't allow the change
	CodeInvalidState       Code = "invalid_state"
	CodeNotFound           Code = "not_found"           // the tenant has nothing of this name
	CodeAlreadyExists      Code = "already_exists"      // it exists, and may only be created
	CodeVersionMismatch    Code = "version_mismatch"    // it changed since it was read
	CodeDanglingReference  Code = "dangling_reference"  // it refers to a name that doesn't exist
	CodeCyclicReference    Code = "cyclic_reference"    // it comes back to itself through others
	CodeReferenced         Code = "referenced"          // something still refers to it
	CodeLastAdmin          Code = "last_admin"          // it would leave a tenant without admin
	CodeNotDeletable       Code = "not_deletable"       // the only item of a singleton kind
	CodeDigestMismatch     Code = "digest_mismatch"     // a bundle changed after its export
	CodeUnsupportedVersion Code = "unsupported_version" // a bundle of a newer format
	CodeSignatureRequired  Code = "signature_required"  // a bundle must be signed, and isn't
	CodeSignatureInvalid   Code = "signature_invalid"   // a signature that doesn't fit its bundle
	CodeSignerUntrusted    Code = "signer_untrusted"    // signed by a key that isn't trusted
	// the target has other content under the same names
	CodeImportConflict Code = "import_conflict"
	CodeTargetChanged  Code = "target_changed"  // the target changed in the meantime
	CodeSecretsMissing Code = "secrets_missing" // an item would refer to a secret without a value
	// CodeConfirmationRequired: it would delete much; the caller must say that it is meant.
	CodeConfirmationRequired Code = "confirmation_required"
	// the tenant has reached its limit; members kind and limit
	CodeQuotaExceeded Code = "quota_exceeded"
	// over the tenant's request rate; the member retry_after is the wait in seconds
	CodeTooManyRequests Code = "too_many_requests"
)

// Error is the only error type that crosses a port. Message, Details and Members
// may be shown to the caller; Err is the cause, for logs.
type Error struct {
	Code    Code
	Message string
	Details []Detail       // which parts of the input are wrong
	Members map[string]any // further facts for programs, by member name
	Err     error
}

// Detail describes one wrong value of an input.
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
		Message: "this is the tenant's only admin: make another member an admin first"}
	ErrForbidden error = &Error{Code: CodeForbidden, Message: "your role doesn't allow this"}

	ErrTenantSuspended error = &Error{Code: CodeTenantSuspended,
		Message: "the tenant is suspended: contact the operator of this service"}
)

// Errorf makes an Error. The message must be safe to show to a caller.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because returns a copy of e with a cause. The cause is for logs; callers never
// see it.
func (e *Error) Because(cause error) *Error {
	wrapped := *e
	wrapped.Err = cause
	return &wrapped
}

// Error returns the text for logs: code, message and cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error with the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf returns the code of the first Error in err's chain, [CodeInternal] if
// the chain has no Error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// AtPath returns err with a detail that names the wrong member of an input by its
// JSON Pointer (RFC 6901). If err has details already, path becomes the prefix of
// their paths. An err that isn't an [Error] is returned unchanged.
func AtPath(path string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	located := *e
	if len(e.Details) == 0 {
		located.Details = []Detail{{Path: path, Code: e.Code, Detail: e.Message}}
		return &located
	}
	located.Details = make([]Detail, len(e.Details))
	for i, d := range e.Details {
		d.Path = path + d.Path
		located.Details[i] = d
	}
	return &located
}

// VersionMismatch returns the error with [CodeVersionMismatch] of a write that expected another
// version than the stored one. what is changed, such as "the tenant".
func VersionMismatch(what string, stored int64) error {
	return Errorf(CodeVersionMismatch,
		"%s changed since it was read: its version is %d; read it again", what, stored)
}

// RetryIn returns an error whose message ends in how long to wait before the next attempt. The wait
// is the member retry_after, in whole seconds: at least 1, and rounded up, so that an attempt
// after it isn't refused.
func RetryIn(code Code, wait time.Duration, message string) *Error {
	seconds := max(1, int64(math.Ceil(wait.Seconds())))
	e := Errorf(code, "%s: retry in %d s", message, seconds)
	e.Members = map[string]any{"retry_after": seconds}
	return e
}
