package httpapi

import (
	"encoding/json"
	"net/http"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ReasonHeader says why a super-admin acts in a tenant.
const ReasonHeader = "X-Reason"

const maxReason = 256 // characters

var errNoReason = tenancy.Errorf(tenancy.CodeReasonRequired,
	"this tenant wants to know why: say it in the header "+ReasonHeader+
		", which its audit log will show")

// withReason puts what the caller says of their reason where the audit log finds
// it.
func withReason(r *http.Request) (*http.Request, error) {
	values := r.Header.Values(ReasonHeader)
	if len(values) == 0 {
		return r, nil
	}
	reason := values[0]
	if len(values) > 1 || !isValidReason(reason) {
		return r, tenancy.Errorf(tenancy.CodeInvalid,
			"%s is one line of UTF-8, of at most %d characters", ReasonHeader, maxReason)
	}
	facts := tenancy.RequestFrom(r.Context())
	facts.Reason = reason
	return r.WithContext(tenancy.WithRequest(r.Context(), facts)), nil
}

func isValidReason(s string) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxReason {
		return false
	}
	for _, c := range s {
		if unicode.IsControl(c) {
			return false
		}
	}
	return true
}

// auditSuperAdmin is what a super-admin has to do to act in a tenant that isn't theirs:
// give a reason where the tenant's settings ask for one, and be written down
// before they read. What they write is written down with the write. To see that
// there is a tenant is no act in it.
func (a *api) auditSuperAdmin(c *call, op operation) error {
	_, member := c.principal.Roles[c.tenant.ID]
	if !a.multiTenant || !c.principal.SuperAdmin || member || op.needs == tenancy.ReadTenant {
		return nil
	}
	if requiresReason(c.tenant.Settings) && tenancy.RequestFrom(c.Context()).Reason == "" {
		return errNoReason
	}
	if grant, _ := tenancy.GrantOf(op.needs); !grant.Reads && !op.mayBeReadOnly {
		return nil
	}
	return a.services.Audit.Append(c.Context(), c.tenant.ID, tenancy.Event{
		Action:  string(op.needs),
		Target:  tenancy.AuditTarget{Kind: "route", Name: op.method + " " + op.path},
		Details: map[string]any{"path": auditedPath(c.Request)},
	})
}

// requiresReason reads the setting require_reason. One that can't be read asks for
// a reason.
func requiresReason(settings json.RawMessage) bool {
	if len(settings) == 0 {
		return false
	}
	var read struct {
		RequireReason json.RawMessage `json:"require_reason"`
	}
	if err := json.Unmarshal(settings, &read); err != nil {
		return true
	}
	switch string(read.RequireReason) {
	case "", "null", "false":
		return false
	}
	return true
}
