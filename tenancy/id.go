package tenancy

import (
	"database/sql/driver"
	"fmt"

	"github.com/google/uuid"
)

// ID identifies a tenant. An id is never reused, not even after the tenant was
// purged. The zero ID names no tenant and is refused everywhere.
type ID uuid.UUID

// DefaultID is the tenant that owns everything while tenancy is off. When an
// existing single-tenant deployment adopts tenancy, its rows belong to this
// tenant. The id is the same in every installation, so that a column default can
// name it.
var DefaultID = ID(uuid.MustParse("01900000-0000-7000-8000-000000000000"))

const idLength = 36 // characters

// NewID makes a time-ordered identifier (UUIDv7, RFC 9562).
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// ParseID parses the 36-character form of a UUID. Any other form, and the zero
// UUID, is an error with [CodeInvalid].
func ParseID(s string) (ID, error) {
	if len(s) != idLength {
		return ID{}, Errorf(CodeInvalid, "a tenant id is a UUID of %d characters", idLength)
	}
	u, err := uuid.Parse(s)
	if err != nil || u == uuid.Nil {
		return ID{}, Errorf(CodeInvalid, "a tenant id is a UUID of %d characters", idLength)
	}
	return ID(u), nil
}

// IsZero reports whether id names no tenant.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the lower-case 36-character form.
func (id ID) String() string { return uuid.UUID(id).String() }

// MarshalText returns the form of [ID.String].
func (id ID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText accepts what [ParseID] accepts. On an error id doesn't change.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Value returns the id as text for database/sql. The zero ID is [ErrNoTenant]: no
// statement may run without a tenant.
func (id ID) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, ErrNoTenant
	}
	return id.String(), nil
}

// Scan reads a uuid column as text or bytes. NULL is an error: every owned row
// has a tenant.
func (id *ID) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		return id.UnmarshalText(v)
	default:
		return fmt.Errorf("tenancy: a tenant id can't be read from %T", src)
	}
}
