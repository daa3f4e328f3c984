package httpapi

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// timeLayout is RFC 3339 in UTC, always with microseconds: the precision of PostgreSQL,
// and a fixed width, so that texts sort in the order of time.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// timestamp is a time in a response.
type timestamp time.Time

// MarshalText writes the form of timeLayout.
func (t timestamp) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, timeLayout), nil
}

// Schema describes the form of timeLayout.
func (timestamp) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Format: "date-time",
		Pattern:     `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`,
		Description: "RFC 3339 in UTC with microseconds",
	}
}

// optionalTime returns nil for the zero time, so that the member is left out.
func optionalTime(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	ts := timestamp(t)
	return &ts
}
