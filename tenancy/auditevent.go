package tenancy

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"strings"
)

// Event is something that happened, before it is written down. Who did it and in
// which request is in the context.
type Event struct {
	Action  string // a noun and a verb: "resource.update"
	Target  AuditTarget
	Outcome Outcome        // empty: Done
	Details map[string]any // what else there is to say, as JSON has it; never a secret
	Actor   Actor          // in place of the context's, where it has a kind
}

// Entry is e as it is to be written down, with what ctx says of who did it, in
// which request and why. What a chain adds is missing: Seq, ID, At and the
// tenant. An event without an action, or with details that JSON doesn't hold, is
// an error with [CodeInvalid]. NUL and what isn't UTF-8 become U+FFFD, for no text
// in PostgreSQL keeps them: what a stranger sends must not keep an entry from
// being written.
func (e Event) Entry(ctx context.Context) (AuditEntry, error) {
	if e.Action == "" {
		return AuditEntry{}, Errorf(CodeInvalid, "an entry of the audit log needs an action")
	}
	request := RequestFrom(ctx)
	details := map[string]any{}
	maps.Copy(details, e.Details)
	if request.Reason != "" {
		details["reason"] = request.Reason
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return AuditEntry{}, Errorf(CodeInvalid,
			"the details of an entry of the audit log are JSON").Because(err)
	}
	entry := AuditEntry{
		Actor: e.Actor, Action: storable(e.Action),
		Target:    AuditTarget{storable(e.Target.Kind), storable(e.Target.Name)},
		RequestID: storable(request.ID), Address: storable(request.Address), Outcome: e.Outcome,
		Details: withoutEscapedNUL(raw),
	}
	if entry.Actor.Kind == "" {
		entry.Actor = ActorFrom(ctx)
	}
	entry.Actor.ID, entry.Actor.Name = storable(entry.Actor.ID), storable(entry.Actor.Name)
	if entry.Outcome == "" {
		entry.Outcome = Done
	}
	return entry, nil
}

func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

// withoutEscapedNUL replaces each \u0000 in a JSON text, but not what follows an
// escaped backslash.
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
