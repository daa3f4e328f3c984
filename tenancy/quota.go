package tenancy

import (
	"maps"
	"strings"
)

// Quotas are the limits of a tenant. A kind that isn't named has no limit; the
// zero Quotas limit nothing.
type Quotas struct {
	// Resources is the largest number of resources of each kind. A limit below the
	// present number refuses new resources and removes none.
	Resources map[string]int64 `json:"resources,omitempty"`

	// RequestsPerSecond is the average number of requests per second that each
	// instance of the service answers. 0 is no limit.
	RequestsPerSecond float64 `json:"requests_per_second,omitempty"`
}

// MaxRequestsPerSecond is the largest valid RequestsPerSecond.
const MaxRequestsPerSecond = 1_000_000

// IsZero reports whether nothing is limited.
func (q Quotas) IsZero() bool { return len(q.Resources) == 0 && q.RequestsPerSecond == 0 }

// Clone returns a copy of q that shares no memory with q. An empty map becomes
// nil.
func (q Quotas) Clone() Quotas {
	if len(q.Resources) == 0 {
		q.Resources = nil
	}
	q.Resources = maps.Clone(q.Resources)
	return q
}

// pointerEscaper escapes a token of a JSON Pointer (RFC 6901, section 3).
var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// Check returns an error with [CodeInvalid] if a limit is invalid. The details
// name each invalid limit by its JSON Pointer in q.
func (q Quotas) Check() error {
	var details []Detail
	for kind, n := range q.Resources {
		if n < 0 {
			details = append(details, Detail{Path: "/resources/" + pointerEscaper.Replace(kind),
				Code: CodeInvalid, Detail: "the limit must be 0 or more"})
		}
	}
	// written so that NaN, which compares as false, is refused
	if !(q.RequestsPerSecond >= 0 && q.RequestsPerSecond <= MaxRequestsPerSecond) {
		details = append(details, Detail{Path: "/requests_per_second", Code: CodeInvalid,
			Detail: "the limit must be 0 to 1000000; 0 is no limit"})
	}
	if len(details) == 0 {
		return nil
	}
	err := Errorf(CodeInvalid, "invalid quota")
	err.Details = details
	return err
}

// QuotaExceeded returns the error of a write that would exceed the tenant's limit
// for a kind of resources. Its members are kind and limit.
func QuotaExceeded(kind string, limit int64) *Error {
	err := Errorf(CodeQuotaExceeded,
		"the tenant may have %d resources of kind %s: delete one, or ask the operator for more",
		limit, kind)
	err.Members = map[string]any{"kind": kind, "limit": limit}
	return err
}
