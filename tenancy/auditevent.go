package tenancy

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Outcome is the result of an action.
type Outcome string

// The outcomes of an action.
const (
	Done   Outcome = "ok"     // it succeeded
	Denied Outcome = "denied" // it was refused
	Failed Outcome = "failed" // it was tried and failed
)

// Outcomes returns every outcome.
func Outcomes() []Outcome { return []Outcome{Done, Denied, Failed} }

// Event is something that happened, before it is stored in an audit log. The
// actor and the request are in the context.
type Event struct {
	Action  string // a noun and a verb: "resource.update"
	Target  AuditTarget
	Outcome Outcome        // empty: Done
	Details map[string]any // further facts, which JSON can encode; never a secret
	Actor   Actor          // replaces the context's actor if its Kind isn't empty
}

// Denied returns e with the outcome Denied.
func (e Event) Denied() Event {
	e.Outcome = Denied
	return e
}

// hostAction is the form of an action that a host records: nouns and a verb, with dots between
// them. The SQL function bailiwick.log checks the same (migration 20261204000000_host_audit).
var hostAction = regexp.MustCompile(`^[a-z][a-z0-9_]*([.][a-z0-9_]+)+$`)

const maxHostAction = 64 // bytes

// libraryNouns begin the library's actions, and the permissions that a denied request is
// recorded with. No later version records an action that begins with another noun.
var libraryNouns = []string{
	"audit", "bundle", "feed", "identity", "invitation", "key", "member", "password", "platform",
	"platform_token", "request", "resource", "rows", "rowsecurity", "secret", "session",
	"signing_key", "tenant", "user",
}

// CheckHost returns an error with [CodeInvalid] unless a host may record e: no reader of
// the log may take its action for one of the library's. The action has lower-case letters,
// digits, underscores and at least one dot, as in "note.publish", at most 64 bytes, and
// begins with another noun than the library's actions. The actor is the context's.
func (e Event) CheckHost() error {
	noun, _, _ := strings.Cut(e.Action, ".")
	switch {
	case !hostAction.MatchString(e.Action) || len(e.Action) > maxHostAction:
		return Errorf(CodeInvalid, "the action %.80q of an audit log entry must be a noun and a"+
			" verb, such as note.publish", e.Action)
	case slices.Contains(libraryNouns, noun):
		return Errorf(CodeInvalid, "the action %s of an audit log entry begins like the library's"+
			" own actions: choose another noun than %s", e.Action, noun)
	case e.Actor != (Actor{}):
		return Errorf(CodeInvalid, "the actor of an audit log entry is the context's: use"+
			" WithPrincipal")
	}
	return nil
}

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

// Shown returns r as a list of entries shows it. A record without details was never
// written: the stored entry was changed and can't be parsed. It is shown with the outcome
// Failed.
func (r EventRecord) Shown() EventRecord {
	if len(r.Details) == 0 {
		r.Outcome, r.Details = Failed, json.RawMessage(`{}`)
	}
	return r
}

// Entry returns the audit log entry of e, made by [Event.Record]. It leaves Seq, ID,
// At, the tenant, Text and Hash empty: the store that appends the entry to a chain
// sets them.
func (e Event) Entry(ctx context.Context) (AuditEntry, error) {
	r, err := e.Record(ctx)
	return AuditEntry{EventRecord: r}, err
}

// encodeDetails returns the details as JSON, with the reason of the request if it
// has one.
func (e Event) encodeDetails(reason string) (json.RawMessage, error) {
	details := map[string]any{}
	maps.Copy(details, e.Details)
	if reason != "" {
		details["reason"] = reason
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return nil, Errorf(CodeInvalid,
			"JSON can't encode the details of the audit log entry").Because(err)
	}
	return withoutEscapedNUL(raw), nil
}

// storable replaces what PostgreSQL doesn't store in a text.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

// withoutEscapedNUL replaces each \u0000 in a JSON text. It leaves a u0000 that
// follows an escaped backslash.
func withoutEscapedNUL(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u0000`)) {
		return text
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		if bytes.HasPrefix(text[i:], []byte(`\u0000`)) {
			out = append(out, `\ufffd`...)
			i += len(`\u0000`) - 1
			continue
		}
		out = append(out, text[i], text[i+1])
		i++
	}
	return out
}
