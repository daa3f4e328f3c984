package identity

import (
	"regexp"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// User is a person with an account. The memberships of a user say what they may
// do in which tenant. A User never has a password or its hash; see [Password].
type User struct {
	ID         string // UUIDv7; in an adopted database, any UUID
	Email      string // normalized by [ParseEmail]; in an adopted database, as stored before
	Name       string
	SuperAdmin bool // manages tenants and users; see [tenancy.Principal]
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Actor returns u as the audit log names it.
func (u User) Actor() tenancy.Actor {
	return tenancy.Actor{Kind: tenancy.UserPrincipal, ID: u.ID, Name: u.Name}
}

const (
	maxEmail      = 254 // characters; RFC 5321, section 4.5.3.1.3, without the brackets
	maxEmailLocal = 64  // characters before the @; RFC 5321, section 4.5.3.1.1
)

var emailForm = regexp.MustCompile(
	"^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*@" +
		`[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)

// ParseEmail returns the normal form of an e-mail address, in lower case. Accounts
// are told apart by this form. An address must be ASCII, so that no two look alike
// (a domain in another script is written as xn--…), and dot-separated atoms on
// both sides of the @ (RFC 5321, section 4.1.2): no quoted strings, no spaces, no
// address literals. Any other text is an error with [tenancy.CodeInvalid].
func ParseEmail(s string) (string, error) {
	if len(s) > maxEmail || strings.IndexByte(s, '@') > maxEmailLocal || !emailForm.MatchString(s) {
		return "", tenancy.Errorf(tenancy.CodeInvalid,
			"an e-mail address must have the form name@domain, in ASCII")
	}
	return strings.ToLower(s), nil
}
