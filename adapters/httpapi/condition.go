package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/entitytag"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// condition returns what If-Match and If-None-Match require of the resource to write
// (RFC 9110, section 13.1).
func (h resources) condition(c *call, ref federation.Ref) (ports.Condition, error) {
	var cond ports.Condition
	absent, err := entitytag.Read(c.Header, ifNoneMatch)
	if err != nil {
		return cond, err
	}
	if absent.Present && !absent.Wildcard {
		return cond, tenancy.Errorf(tenancy.CodeInvalid,
			"the header If-None-Match of a write must be *")
	}
	match, err := entitytag.Read(c.Header, ifMatch)
	if err != nil {
		return cond, err
	}
	cond.Absent, cond.Exists = absent.Wildcard, match.Wildcard
	if match.Present && !match.Wildcard {
		cond.ID, cond.Version, err = h.matchingItem(c, ref, match)
	}
	return cond, err
}

// matchingItem returns the id and the version of the stored item if its tag is in
// If-Match: the write depends on them, in case the item changes meanwhile.
func (h resources) matchingItem(
	c *call, ref federation.Ref, match entitytag.List,
) (id string, version int64, err error) {
	stored, err := h.services.Resources.Get(c.Context(), c.tenant.ID, ref)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return "", 0, errVersion
	}
	if err != nil {
		return "", 0, err
	}
	e, err := newEntity(c.tenant.ID, showResource(stored))
	if err == nil && !match.Matches(e.tag) {
		err = errVersion
	}
	return stored.ID, stored.Version, err
}

// createOnlyError gives the failure of If-None-Match: * the status 412 (Precondition
// Failed).
func createOnlyError(cond ports.Condition, err error) error {
	if cond.Absent && tenancy.CodeOf(err) == tenancy.CodeAlreadyExists {
		return &statusError{error: err, status: http.StatusPreconditionFailed}
	}
	return err
}
