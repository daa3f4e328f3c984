package httpapi

import (
	"encoding/json"
	"net/http"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ReasonHeader is the request header in which a super-admin says why they act in a
// tenant.
const ReasonHeader = "X-Reason"

const maxReason = 256 // characters

var errNoReason = tenancy.Errorf(tenancy.CodeReasonRequired,
	"this tenant requires a reason: send it in the header "+ReasonHeader+
		"; the tenant's audit log shows it")

// withReason puts the reason in the header into the context for the audit log.
func withReason(r *http.Request) (*http.Request, error) {
	values := r.Header.Values(ReasonHeader)
	if len(values) == 0 {
		return r, nil
	}
	reason := values[0]
	if len(values) > 1 || !isValidReason(reason) {
		return r, tenancy.Errorf(tenancy.CodeInvalid,
			"%s must be one line of UTF-8 with at most %d characters", ReasonHeader, maxReason)
	}
	info := tenancy.RequestFrom(r.Context())
	info.Reason = reason
	return r.WithContext(tenancy.WithRequest(r.Context(), info)), nil
}

// isValidReason accepts one line of UTF-8 with 1 to maxReason characters.
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

// auditSuperAdmin checks and records a super-admin's call in a tenant of which they
// aren't a member: they must send a reason if the tenant's settings require one, and
// the audit log records a read before it happens. A write is recorded with the write
// itself. Reading the tenant's own record needs neither.
func (a *api) auditSuperAdmin(c *call, op operation) error {
	_, member := c.principal.Roles[c.tenant.ID]
	if !a.multiTenant || !c.principal.SuperAdmin || member || op.needs == tenancy.TenantRead {
		return nil
	}
	if requiresReason(c.tenant.Settings) && tenancy.RequestFrom(c.Context()).Reason == "" {
		return errNoReason
	}
	if !a.grantFor(op).Reads && !op.mayBeReadOnly {
		return nil
	}
	return a.services.Audit.Append(c.Context(), c.tenant.ID, tenancy.Event{
		Action:  string(op.needs),
		Target:  tenancy.AuditTarget{Kind: "route", Name: op.method + " " + op.path},
		Details: map[string]any{"path": auditedPath(c.Request)},
	})
}

// requiresReason reads the setting require_reason. An unreadable value requires a
// reason.
func requiresReason(settings json.RawMessage) bool {
	if len(settings) == 0 {
		return false
	}
	var parsed struct {
		RequireReason json.RawMessage `json:"require_reason"`
	}
	if err := json.Unmarshal(settings, &parsed); err != nil {
		return true
	}
	switch string(parsed.RequireReason) {
	case "", "null", "false":
		return false
	}
	return true
}
