package tenancy

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"
)

// Actor is who performed an action.
type Actor struct {
	Kind PrincipalKind `json:"kind"`
	ID   string        `json:"id"`
	Name string        `json:"name"`
}

// The kinds of actors that are no principal.
const (
	SystemActor    PrincipalKind = "system"    // the program itself
	AnonymousActor PrincipalKind = "anonymous" // a caller without credentials
)

// ActorFrom returns who acts in ctx: its principal, or the program itself if ctx
// has no principal.
func ActorFrom(ctx context.Context) Actor {
	p := PrincipalFrom(ctx)
	if p.Anonymous() {
		return Actor{Kind: SystemActor}
	}
	return Actor{Kind: p.Kind, ID: p.ID, Name: p.Name}
}

// AuditTarget is the object of an action.
type AuditTarget struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// AuditEntry is an event as it is stored in an audit log.
//
// The entries of each tenant form a hash chain; so do the entries of no tenant
// (the zero ID), which are the platform's. Text is the entry as it was written.
// Hash is SHA-256 over the hash of the previous entry (32 zero bytes for the
// first) and Text. So [AuditChain] detects an entry that was altered, removed or
// moved.
type AuditEntry struct {
	Seq        int64 // counts from 1 in each chain, without gaps
	ID         string
	At         time.Time
	Tenant     ID
	TenantSlug Slug
	EventRecord

	Text json.RawMessage
	Hash AuditHash
}

// AuditHash is the SHA-256 hash of an entry; see [AuditEntry].
type AuditHash [sha256.Size]byte

// ParseAuditEntry reads an entry from its text and its hash. An unknown member or
// an unknown format is an error with [CodeInvalid]: everything that is hashed must
// also be shown.
func ParseAuditEntry(text json.RawMessage, hash AuditHash) (AuditEntry, error) {
	parsed, err := parseAuditText(text)
	if err != nil {
		return AuditEntry{}, err
	}
	e := AuditEntry{
		Seq: parsed.Seq, ID: parsed.ID, At: time.Time(parsed.At),
		EventRecord: parsed.EventRecord, Text: text, Hash: hash,
	}
	if parsed.TenantID != nil {
		e.Tenant = *parsed.TenantID
	}
	if parsed.TenantSlug != nil {
		e.TenantSlug = *parsed.TenantSlug
	}
	return e, nil
}

// Link returns e with its text and its hash, and its time in microseconds. previous
// is the hash of the entry before e in the chain; it is zero for the first entry.
func (e AuditEntry) Link(previous AuditHash) (AuditEntry, error) {
	e.At = e.At.UTC().Truncate(time.Microsecond)
	if len(e.Details) == 0 {
		e.Details = json.RawMessage(`{}`)
	}
	encoded := auditText{
		Format: json.RawMessage(auditFormat), Seq: e.Seq, ID: e.ID, At: auditTime(e.At),
		EventRecord: e.EventRecord,
	}
	if !e.Tenant.IsZero() {
		encoded.TenantID, encoded.TenantSlug = &e.Tenant, &e.TenantSlug
	}
	text, err := json.Marshal(encoded)
	if err != nil {
		return AuditEntry{}, err
	}
	e.Text, e.Hash = text, hashEntry(previous, text)
	return e, nil
}

func hashEntry(previous AuditHash, text []byte) AuditHash {
	return sha256.Sum256(append(previous[:], text...))
}

// AuditChain verifies entries in the order of their Seq, the oldest first. The
// zero value expects the first entry of a log.
type AuditChain struct {
	Seq  int64     // the number of the last valid entry
	Hash AuditHash // the hash of the last valid entry
}

// Next verifies that e continues the chain and advances to it. Otherwise it
// returns an error with [CodeInvalid] and doesn't advance.
func (c *AuditChain) Next(e AuditEntry) error {
	parsed, err := ParseAuditEntry(e.Text, e.Hash)
	if err != nil {
		return Errorf(CodeInvalid,
			"audit log entry %d was altered: it can't be parsed", e.Seq).Because(err)
	}
	sameEntry := parsed.Seq == e.Seq && parsed.ID == e.ID && parsed.Tenant == e.Tenant &&
		parsed.At.Equal(e.At)
	switch {
	case e.Seq != c.Seq+1:
		return Errorf(CodeInvalid,
			"audit log entry %d follows entry %d: the entries between them are missing",
			e.Seq, c.Seq)
	case !sameEntry:
		return Errorf(CodeInvalid, "audit log entry %d was replaced by another entry", e.Seq)
	case hashEntry(c.Hash, e.Text) != e.Hash:
		return Errorf(CodeInvalid, "audit log entry %d was altered: its hash is wrong", e.Seq)
	}
	c.Seq, c.Hash = e.Seq, e.Hash
	return nil
}

// Ends verifies, after the last entry, that the chain ends at last. Otherwise it
// returns an error with [CodeInvalid].
func (c AuditChain) Ends(last AuditChain) error {
	switch {
	case c.Seq < last.Seq:
		return Errorf(CodeInvalid,
			"the audit log ends with entry %d of %d: the newest entries are missing",
			c.Seq, last.Seq)
	case c != last:
		return Errorf(CodeInvalid,
			"the last entry of the audit log isn't the recorded entry %d", last.Seq)
	}
	return nil
}
