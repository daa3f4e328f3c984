package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
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
	stateForeignKey    = "23503"
	stateUnique        = "23505"
	stateCheck         = "23514"
	stateNotNull       = "23502"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateDuplicateRole = "42710"
	stateNoTable       = "42P01"
	stateNoSchema      = "3F000"
	stateNoRight       = "42501"
	stateUnsigned      = "BW001" // bailiwick.current_tenant(): no signature that is good
	stateQuota         = "BW002" // bailiwick.quota(): the tenant has as many as it may have
	stateRefused       = "BW003" // bailiwick.purge(): why it can't be done
	stateLocked        = "55P03"
	stateAuth          = "28P01"
	stateAuthSpec      = "28000"
	classData          = "22"
	classConnection    = "08"
	classResources     = "53"
	classIntervention  = "57"
)

// sqlState is the SQLSTATE of a server error, empty for any other.
func sqlState(err error) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('C')
	}
	return ""
}

// constraint names the constraint that a server error is about.
func constraint(err error) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('n')
	}
	return ""
}

// translate gives an error its code. One that is coded already stays; one that
// means nothing to a caller stays foreign, and is internal therefore.
func translate(err error) error {
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
	switch state := sqlState(err); {
	case state == stateSerialization, state == stateDeadlock:
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"somebody else wrote the same rows; try again").Because(err)
	case state == stateUnsigned:
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"the database refused the tenant's signature; try again").Because(err)
	case state == stateQuota:
		return quotaExceeded(err)
	case state == stateUnique:
		return tenancy.Errorf(tenancy.CodeAlreadyExists,
			"another item has a name or a value that must be unique").Because(err)
	case state == stateForeignKey:
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
	state := sqlState(err)
	if len(state) != 5 {
		return false
	}
	switch state[:2] {
	case classConnection, classResources, classIntervention:
		return true
	}
	return false
}
