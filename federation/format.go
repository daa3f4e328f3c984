package federation

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Format restricts the values of a field further than its type, and gives equal values one
// notation, so that they have one digest.
type Format string

// The formats of fields.
const (
	// DateTime is a String with an RFC 3339 time. It is stored in UTC with microseconds.
	// "infinity" and "-infinity" are PostgreSQL's times after and before all others.
	DateTime Format = "date-time"

	// Bytes is a String with bytes in standard base64 (RFC 4648, section 4).
	Bytes Format = "byte"

	// UUID is a String with a UUID, which is stored in lower case.
	UUID Format = "uuid"

	// Float is a Number, or one of the strings "NaN", "Infinity" and "-Infinity", which
	// JSON has no numbers for.
	Float Format = "float"
)

// farTime matches the times that PostgreSQL stores and RFC 3339 can't express: years above 9999
// and before 1.
var farTime = regexp.MustCompile(
	`^[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z( BC)?$`)

var floatNames = []string{"NaN", "Infinity", "-Infinity"}

// normalize returns a JSON string in the notation of the format. wrong describes what a value
// that doesn't have the format must be.
func (f Format) normalize(value json.RawMessage) (normal json.RawMessage, wrong string) {
	text, ok := unquote(value)
	if !ok {
		return value, ""
	}
	switch f {
	case DateTime:
		return dateTime(text)
	case Bytes:
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return value, "must be base64"
		}
		return quoted(base64.StdEncoding.EncodeToString(raw)), ""
	case UUID:
		id, err := uuid.Parse(text)
		if err != nil {
			return value, "must be a UUID"
		}
		return quoted(id.String()), ""
	}
	return value, ""
}

func dateTime(text string) (normal json.RawMessage, wrong string) {
	if t, err := parseTime(text); err == nil {
		return quoted(t.Format(tenancy.TimeLayout)), ""
	}
	if text == "infinity" || text == "-infinity" || farTime.MatchString(text) {
		return quoted(text), ""
	}
	return quoted(text), "must be an RFC 3339 time, such as 2026-01-31T12:00:00Z"
}

// isFloatName reports whether the value is a string that names a number that JSON lacks.
func isFloatName(value json.RawMessage) bool {
	text, ok := unquote(value)
	return ok && slices.Contains(floatNames, text)
}

// applyFormats brings the values of fields with a format into its notation, and adds to p those
// that don't have the format. members may be changed.
func (s *schema) applyFormats(p *problems, members []member) (changed bool) {
	for i, m := range members {
		format := s.fields[m.name].Format
		if format == "" {
			continue
		}
		normal, wrong := format.normalize(m.value)
		if wrong != "" {
			p.invalid(jsontext.Pointer("/spec").AppendToken(m.name), "%s", wrong)
		} else if string(normal) != string(m.value) {
			members[i].value, changed = normal, true
		}
	}
	return changed
}
