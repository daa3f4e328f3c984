package pgerr

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net"
	"regexp"
	"slices"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// SQLSTATE codes of PostgreSQL (manual, appendix A).
const (
	StateForeignKey            = "23503" // foreign_key_violation
	StateUnique                = "23505" // unique_violation
	StateSerialization         = "40001" // serialization_failure
	StateDeadlock              = "40P01" // deadlock_detected
	StateDuplicateObject       = "42710" // such as a role that already exists
	StateUndefinedTable        = "42P01"
	StateInvalidSchema         = "3F000" // the schema doesn't exist
	StateInsufficientPrivilege = "42501"
	StateLockNotAvailable      = "55P03"
	StateInvalidPassword       = "28P01"
	StateInvalidAuthorization  = "28000"
	StateTooManyConnections    = "53300"
	StateAdminShutdown         = "57P01"
	StateCrashShutdown         = "57P02"
	StateCannotConnectNow      = "57P03" // the server starts, stops or recovers

	stateNotNull = "23502" // not_null_violation
	stateCheck   = "23514" // check_violation
)

// SQLSTATE codes of the library's functions.
const (
	// StatePurgeRefused is raised by bailiwick.purge(). The message says why it refuses.
	StatePurgeRefused = "BW003"

	stateUnsigned = "BW001" // bailiwick.current_tenant(): no valid signature of the tenant
	stateQuota    = "BW002" // bailiwick.quota(): the tenant has reached its quota
)

// Classes of SQLSTATE codes: their first two characters.
const (
	classData         = "22" // data exception
	classConnection   = "08" // connection exception
	classResources    = "53" // insufficient resources
	classIntervention = "57" // operator intervention
)

// State returns the SQLSTATE of an error of the server. It is empty for any other error.
func State(err error) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('C')
	}
	return ""
}

// Constraint returns the name of the constraint that an error of the server is about. It is
// empty if the error is about none.
func Constraint(err error) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('n')
	}
	return ""
}

// Translate returns the error of package tenancy for an error of the database. An error that
// already has a code is returned unchanged. So is an error that a caller can't act on; its
// code is [tenancy.CodeInternal], as for every foreign error.
func Translate(err error) error {
	if err == nil || tenancy.CodeOf(err) != tenancy.CodeInternal {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return tenancy.ErrNotFound
	}
	if column, ok := unreadable(err); ok {
		return tenancy.Errorf(tenancy.CodeInternal, "column %s has a value that can't be read",
			column)
	}
	if unavailable(err) {
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"the database can't be reached or is too slow; try again").Because(err)
	}
	switch state := State(err); {
	case state == StateSerialization, state == StateDeadlock:
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"another transaction wrote the same rows; try again").Because(err)
	case state == stateUnsigned:
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"the database refused the tenant's signature; try again").Because(err)
	case state == stateQuota:
		return quotaExceeded(err)
	case state == StateUnique:
		return tenancy.Errorf(tenancy.CodeAlreadyExists,
			"another item has a name or a value that must be unique").Because(err)
	case state == StateForeignKey:
		return tenancy.Errorf(tenancy.CodeReferenced, "something still refers to it").Because(err)
	case state == stateCheck, state == stateNotNull, class(err) == classData:
		return tenancy.Errorf(tenancy.CodeInvalid, "a value doesn't fit its column").Because(err)
	}
	return err
}

var scanError = regexp.MustCompile(`sql: Scan error on column index \d+, name "([^"]*)"`)

// unreadable reports whether err is about a value of the database that doesn't fit the Go type,
// and returns its column. The text of such an error contains the value, which may be a key.
func unreadable(err error) (column string, ok bool) {
	if found := scanError.FindStringSubmatch(err.Error()); found != nil {
		return found[1], true
	}
	return "", false
}

// class returns the class of the error's SQLSTATE. It is empty if there is none.
func class(err error) string {
	state := State(err)
	if len(state) != 5 {
		return ""
	}
	return state[:2]
}

// connectionErrors are the errors of a connection that ended and of cancelled work.
var connectionErrors = []error{
	context.DeadlineExceeded, context.Canceled, sql.ErrConnDone, driver.ErrBadConn, io.EOF,
	io.ErrUnexpectedEOF,
}

// IsConnectionEnd reports whether the server closed the connection without a message.
func IsConnectionEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// unavailable reports whether the database can't be reached or refuses work for now.
func unavailable(err error) bool {
	isErr := func(target error) bool { return errors.Is(err, target) }
	if slices.ContainsFunc(connectionErrors, isErr) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	switch class(err) {
	case classConnection, classResources, classIntervention:
		return true
	}
	return false
}

// quotaExceeded returns the error for bailiwick.quota(). The detail of the server's error
// has the kind and the limit of the quota.
func quotaExceeded(err error) error {
	var exceeded struct {
		Kind  string
		Limit int64
	}
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		// an unreadable detail leaves both empty: the code is enough
		_ = json.Unmarshal([]byte(e.Field('D')), &exceeded)
	}
	return tenancy.QuotaExceeded(exceeded.Kind, exceeded.Limit).Because(err)
}
