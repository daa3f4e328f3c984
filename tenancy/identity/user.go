package identity

import (
	"regexp"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// User is a person with an account. What they may do in which tenant is in their
// memberships. A password, and what is kept of one, is never part of it.
type User struct {
	ID         string // UUIDv7; of an adopted database, any UUID
	Email      string // as [ParseEmail] answers it; of an adopted database, as it was there
	Name       string
	SuperAdmin bool // manages tenants and users; see [Principal]
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Actor is u as the audit log names it.
func (u User) Actor() tenancy.Actor {
	return tenancy.Actor{Kind: tenancy.UserPrincipal, ID: u.ID, Name: u.Name}
}

const (
	maxEmail      = 254 // characters; RFC 5321, section 4.5.3.1.3, less the brackets
	maxEmailLocal = 64
)

var emailForm = regexp.MustCompile(
	"^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*@" +
		`[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$`)

// ParseEmail answers the normal form of an e-mail address, by which accounts are
// told apart: lower case throughout. An address is ASCII, so that none looks like
// another (a domain in other letters is written as xn--…), and a dot-atom on
// either side (RFC 5321, section 4.1.2): no quoted words, no spaces, no address
// literals. Any other text is [CodeInvalid].
func ParseEmail(s string) (string, error) {
	if len(s) > maxEmail || strings.IndexByte(s, '@') > maxEmailLocal || !emailForm.MatchString(s) {
		return "", tenancy.Errorf(tenancy.CodeInvalid,
			"an e-mail address has the form name@domain, in ASCII")
	}
	return strings.ToLower(s), nil
}
