package pgerr

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// SQLSTATE codes (PostgreSQL manual, appendix A) that mean something to a
// caller.
const (
	StateForeignKey            = "23503"
	StateUnique                = "23505"
	stateCheck                 = "23514"
	stateNotNull               = "23502"
	StateSerialization         = "40001"
	StateDeadlock              = "40P01"
	StateDuplicateObject       = "42710"
	StateUndefinedTable        = "42P01"
	StateInvalidSchema         = "3F000"
	StateInsufficientPrivilege = "42501"
	stateUnsigned              = "BW001" // bailiwick.current_tenant(): no signature that is good
	stateQuota                 = "BW002" // bailiwick.quota(): the tenant has as many as it may have
	StatePurgeRefused          = "BW003" // bailiwick.purge(): why it can't be done
	StateLockNotAvailable      = "55P03"
	StateInvalidPassword       = "28P01"
	StateInvalidAuthorization  = "28000"
	classData                  = "22"
	classConnection            = "08"
	classResources             = "53"
	classIntervention          = "57"
)

// State is the SQLSTATE of a server error, empty for any other.
func State(err error) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('C')
	}
	return ""
}

// Constraint names the constraint that a server error is about.
func Constraint(err error) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('n')
	}
	return ""
}

// Translate gives an error its code. One that is coded already stays; one that
// means nothing to a caller stays foreign, and is internal therefore.
func Translate(err error) error {
	if err == nil || tenancy.CodeOf(err) != tenancy.CodeInternal {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return tenancy.ErrNotFound
	}
	if unavailable(err) {
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"the database is out of reach or too slow; try again").Because(err)
	}
	switch state := State(err); {
	case state == StateSerialization, state == StateDeadlock:
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"somebody else wrote the same rows; try again").Because(err)
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
	case state == stateCheck, state == stateNotNull, len(state) == 5 && state[:2] == classData:
		return tenancy.Errorf(tenancy.CodeInvalid, "a value doesn't fit its column").Because(err)
	}
	return err
}

// lost are the errors of a connection that has ended, and of work that was given
// up.
var lost = []error{
	context.DeadlineExceeded, context.Canceled, sql.ErrConnDone, driver.ErrBadConn, io.EOF,
	io.ErrUnexpectedEOF,
}

func unavailable(err error) bool {
	if slices.ContainsFunc(lost, func(target error) bool { return errors.Is(err, target) }) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	state := State(err)
	if len(state) != 5 {
		return false
	}
	switch state[:2] {
	case classConnection, classResources, classIntervention:
		return true
	}
	return false
}

// quotaExceeded is the error of bailiwick.quota(), whose detail says which quota.
func quotaExceeded(err error) error {
	var exceeded struct {
		Kind  string
		Limit int64
	}
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		// without one the code alone says enough
		_ = json.Unmarshal([]byte(e.Field('D')), &exceeded)
	}
	return tenancy.QuotaExceeded(exceeded.Kind, exceeded.Limit).Because(err)
}
