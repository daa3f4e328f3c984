package httpapi

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/schemas"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// timestamp is a time in a response.
type timestamp time.Time

// MarshalText writes the form of [tenancy.TimeLayout].
func (t timestamp) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, tenancy.TimeLayout), nil
}

// Schema describes the form of [tenancy.TimeLayout].
func (timestamp) Schema(huma.Registry) *huma.Schema { return schemas.Time() }

// optionalTime returns nil for the zero time, so that the member is left out.
func optionalTime(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	ts := timestamp(t)
	return &ts
}
