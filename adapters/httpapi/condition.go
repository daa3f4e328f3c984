package httpapi

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// condition returns what If-Match and If-None-Match require of the resource to write
// (RFC 9110, section 13.1).
func (h resources) condition(c *call, ref federation.Ref) (ports.Condition, error) {
	var cond ports.Condition
	absent, err := readTags(c.Header, ifNoneMatch)
	if err != nil {
		return cond, err
	}
	if absent.present && !absent.wildcard {
		return cond, tenancy.Errorf(tenancy.CodeInvalid,
			"the header If-None-Match of a write must be *")
	}
	match, err := readTags(c.Header, ifMatch)
	if err != nil {
		return cond, err
	}
	cond.Absent, cond.Exists = absent.wildcard, match.wildcard
	if match.present && !match.wildcard {
		cond.Version, err = h.matchingVersion(c, ref, match.versions())
	}
	return cond, err
}

// matchingVersion returns the version in If-Match that the write depends on: the
// only one, or the stored one if it is among several.
func (h resources) matchingVersion(c *call, ref federation.Ref, versions []int64) (int64, error) {
	switch len(versions) {
	case 0:
		return 0, errVersion
	case 1:
		return versions[0], nil
	}
	stored, err := h.services.Resources.Get(c.Context(), c.tenant.ID, ref)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound || err == nil &&
		!slices.Contains(versions, stored.Version) {
		return 0, errVersion
	}
	return stored.Version, err
}

// createOnlyError gives the failure of If-None-Match: * the status 412 (Precondition
// Failed).
func createOnlyError(cond ports.Condition, err error) error {
	if cond.Absent && tenancy.CodeOf(err) == tenancy.CodeAlreadyExists {
		return &statusError{error: err, status: http.StatusPreconditionFailed}
	}
	return err
}
