package tenancy

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"strings"
)

// Event is something that happened, before it is stored in an audit log. The
// actor and the request are in the context.
type Event struct {
	Action  string // a noun and a verb: "resource.update"
	Target  AuditTarget
	Outcome Outcome        // empty: Done
	Details map[string]any // further facts, which JSON can encode; never a secret
	Actor   Actor          // replaces the context's actor if its Kind isn't empty
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
