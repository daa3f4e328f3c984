package tenancy

import (
	"encoding/json"
	"time"
	"unicode"
	"unicode/utf8"
)

// State is where a tenant stands in its life.
type State string

// A tenant is active until it is suspended or deleted. Deleting is soft: the
// rows stay, nobody gets in, and the slug stays taken. What is deleted can be
// purged, and is in no state then: nothing but a [Certificate] is left of it.
const (
	Active    State = "active"
	Suspended State = "suspended"
	Deleted   State = "deleted"
)

// Valid reports whether s is one of the states.
func (s State) Valid() bool { return s == Active || s == Suspended || s == Deleted }

// Tenant owns resources. Version counts its changes, from 1.
type Tenant struct {
	ID        ID
	Slug      Slug
	Name      string
	State     State
	Settings  json.RawMessage // a JSON object; the host says what stands in it
	Quotas    Quotas
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero unless State is Deleted
}

const maxName = 256

// CheckName reports with [CodeInvalid] what is wrong with a display name or a
// resource's name: it is UTF-8 of 1 to 256 characters, without control
// characters and without space at either end.
func CheckName(name string) error {
	switch {
	case name == "":
		return Errorf(CodeInvalid, "a name must not be empty")
	case !utf8.ValidString(name):
		return Errorf(CodeInvalid, "a name is UTF-8")
	case utf8.RuneCountInString(name) > maxName:
		return Errorf(CodeInvalid, "a name has at most %d characters", maxName)
	}
	first, _ := utf8.DecodeRuneInString(name)
	last, _ := utf8.DecodeLastRuneInString(name)
	if unicode.IsSpace(first) || unicode.IsSpace(last) {
		return Errorf(CodeInvalid, "a name neither begins nor ends with a space")
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return Errorf(CodeInvalid, "a name has no control characters")
		}
	}
	return nil
}
