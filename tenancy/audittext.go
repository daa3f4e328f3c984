package tenancy

import (
	"bytes"
	"encoding/json"
	"time"
)

// auditFormat is the format of the texts that are written now. Texts of format 1
// have no member "format"; they omit an actor's and a target's empty members, and
// trailing zeros of the time, where Go wrote them. Both formats stay readable: what
// was hashed once is verified for ever.
//
// Its SQL twin is the member 'format' in bailiwick.audit_link.
const auditFormat = "2"

// auditText is the JSON form of an entry: what is hashed, and what an export has.
// Its SQL twin is bailiwick.audit_link, which writes the same members. The API's
// lists show all of them but the format, so that readers see what is hashed.
type auditText struct {
	Format     json.RawMessage `json:"format,omitempty"` // absent: format 1
	Seq        int64           `json:"seq"`
	ID         string          `json:"id"`
	At         auditTime       `json:"at"`
	TenantID   *ID             `json:"tenant_id"` // null: an entry of the platform
	TenantSlug *Slug           `json:"tenant_slug"`
	EventRecord
}

// parseAuditText refuses every member that it doesn't know, and every format.
func parseAuditText(text json.RawMessage) (auditText, error) {
	var t auditText
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return t, Errorf(CodeInvalid, "the audit log entry can't be parsed").Because(err)
	}
	if len(t.Format) > 0 && string(t.Format) != auditFormat {
		return t, Errorf(CodeInvalid,
			"the audit log entry has the unknown format %.20s; the known formats are 1 and %s",
			t.Format, auditFormat)
	}
	return t, nil
}

// auditTime is a time in the text of an entry. It is written in [TimeLayout]; texts
// of format 1 have fewer digits if Go wrote them.
type auditTime time.Time

// MarshalText implements [encoding.TextMarshaler].
func (t auditTime) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, TimeLayout), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *auditTime) UnmarshalText(text []byte) error {
	return (*time.Time)(t).UnmarshalText(text)
}
