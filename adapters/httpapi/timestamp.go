package httpapi

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// timeLayout is RFC 3339 in UTC, always with microseconds: what PostgreSQL
// keeps, and one width, so that texts sort as times do.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// timestamp is a time as it is answered.
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

// optionalTime is nil for the zero time, which is left out.
func optionalTime(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	ts := timestamp(t)
	return &ts
}
