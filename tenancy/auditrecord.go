package tenancy

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// EventRecord is an [Event] with the actor and the request of its context, as an
// audit log stores it. The JSON of an entry has its members next to those that the
// log adds; so have the API's lists of entries.
//
// Its SQL twin is the function bailiwick.audit_link (adapters/postgres, migration
// 20261202000000_plain_names), which takes these members from the text of
// [Event.Text].
type EventRecord struct {
	Actor     Actor           `json:"actor"`
	Action    string          `json:"action"`
	Target    AuditTarget     `json:"target"`
	RequestID string          `json:"request_id"`
	Address   string          `json:"ip"`
	Outcome   Outcome         `json:"outcome"`
	Details   json.RawMessage `json:"details"` // an object
}

// Record returns e with the actor, the request and the reason in ctx. An event
// without an action, or with details that JSON can't encode, is an error with
// [CodeInvalid].
//
// NUL and invalid UTF-8 become U+FFFD, because PostgreSQL stores neither in a
// text: nothing that a caller sends may prevent an entry.
func (e Event) Record(ctx context.Context) (EventRecord, error) {
	if e.Action == "" {
		return EventRecord{}, Errorf(CodeInvalid, "an audit log entry needs an action")
	}
	request := RequestFrom(ctx)
	details, err := e.encodeDetails(request.Reason)
	if err != nil {
		return EventRecord{}, err
	}
	r := EventRecord{
		Actor: e.Actor, Action: storable(e.Action),
		Target:    AuditTarget{storable(e.Target.Kind), storable(e.Target.Name)},
		RequestID: storable(request.ID), Address: storable(request.Address),
		Outcome: e.Outcome, Details: details,
	}
	if r.Actor.Kind == "" {
		r.Actor = ActorFrom(ctx)
	}
	r.Actor.ID, r.Actor.Name = storable(r.Actor.ID), storable(r.Actor.Name)
	if r.Outcome == "" {
		r.Outcome = Done
	}
	return r, nil
}

// Text returns the JSON of [Event.Record]: what a store that makes its entries by
// itself needs of the event.
func (e Event) Text(ctx context.Context) (json.RawMessage, error) {
	r, err := e.Record(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

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
