package tenancy

import (
	"maps"
	"strings"
)

// Quotas are what a tenant may use at most. What isn't named has no limit; the
// zero Quotas limit nothing.
type Quotas struct {
	// Resources is how many resources of a kind there may be, by kind. Lowering
	// it below what is there refuses new ones and touches none.
	Resources map[string]int64 `json:"resources,omitempty"`

	// RequestsPerSecond is how many requests each instance of the service
	// answers on an average second. 0 is no limit.
	RequestsPerSecond float64 `json:"requests_per_second,omitempty"`
}

// MaxRequestsPerSecond is the largest limit of requests that can be set.
const MaxRequestsPerSecond = 1_000_000

// IsZero reports whether nothing is limited.
func (q Quotas) IsZero() bool { return len(q.Resources) == 0 && q.RequestsPerSecond == 0 }

// Clone is a copy of q that shares no memory with it. An empty map is nil in it.
func (q Quotas) Clone() Quotas {
	if len(q.Resources) == 0 {
		q.Resources = nil
	}
	q.Resources = maps.Clone(q.Resources)
	return q
}

// pointerEscaper is RFC 6901, section 3.
var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// Check reports with [CodeInvalid] a limit that is none, at the member of q's
// JSON that has it.
func (q Quotas) Check() error {
	var details []Detail
	for kind, n := range q.Resources {
		if n < 0 {
			details = append(details, Detail{Path: "/resources/" + pointerEscaper.Replace(kind),
				Code: CodeInvalid, Detail: "a limit is 0 or more"})
		}
	}
	// NaN is neither
	if !(q.RequestsPerSecond >= 0 && q.RequestsPerSecond <= MaxRequestsPerSecond) {
		details = append(details, Detail{Path: "/requests_per_second", Code: CodeInvalid,
			Detail: "it is more than 0 and at most 1000000; 0 is no limit"})
	}
	if len(details) == 0 {
		return nil
	}
	err := Errorf(CodeInvalid, "a quota isn't one")
	err.Details = details
	return err
}

// QuotaExceeded is the error of a write that would make more resources of a
// kind than the tenant may have.
func QuotaExceeded(kind string, limit int64) *Error {
	err := Errorf(CodeQuotaExceeded,
		"the tenant may have %d of kind %s: delete one, or ask whoever runs this service for more",
		limit, kind)
	err.Members = map[string]any{"kind": kind, "limit": limit}
	return err
}
