package tenancy

import (
	"encoding/json"
	"time"
	"unicode"
	"unicode/utf8"
)

// Tenant owns resources. Version is 1 for a new tenant and grows with each change.
type Tenant struct {
	ID        ID
	Slug      Slug
	Name      string
	State     State
	Settings  json.RawMessage // a JSON object, whose members the host defines
	Quotas    Quotas
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero unless it is deleted
}

const maxName = 256

// CheckName returns an error with [CodeInvalid] for an invalid display name or
// resource name. A valid name is UTF-8 of 1 to 256 characters, without characters
// that [ShowsNothing] reports and without white space at either end.
func CheckName(name string) error {
	switch {
	case name == "":
		return Errorf(CodeInvalid, "a name must not be empty")
	case !utf8.ValidString(name):
		return Errorf(CodeInvalid, "a name must be UTF-8")
	case utf8.RuneCountInString(name) > maxName:
		return Errorf(CodeInvalid, "a name has at most %d characters", maxName)
	}
	first, _ := utf8.DecodeRuneInString(name)
	last, _ := utf8.DecodeLastRuneInString(name)
	if unicode.IsSpace(first) || unicode.IsSpace(last) {
		return Errorf(CodeInvalid, "a name neither begins nor ends with a space")
	}
	for _, r := range name {
		switch {
		case unicode.IsControl(r):
			return Errorf(CodeInvalid, "a name has no control characters")
		case ShowsNothing(r):
			return Errorf(CodeInvalid, "a name has no invisible characters: remove U+%04X", r)
		}
	}
	return nil
}
