package tenancy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"
)

// Outcome says how something ended.
type Outcome string

// What was asked for was done, refused, or tried in vain.
const (
	Done   Outcome = "ok"
	Denied Outcome = "denied"
	Failed Outcome = "failed"
)

// Actor is who did something.
type Actor struct {
	Kind PrincipalKind `json:"kind"`
	ID   string        `json:"id,omitempty"`
	Name string        `json:"name,omitempty"`
}

// Who is nobody in particular: what the program does by itself, and who calls
// without credentials.
const (
	SystemActor    PrincipalKind = "system"
	AnonymousActor PrincipalKind = "anonymous"
)

// ActorFrom is who acts in ctx: its principal, or the program itself where there
// is none.
func ActorFrom(ctx context.Context) Actor {
	p := PrincipalFrom(ctx)
	if p.Anonymous() {
		return Actor{Kind: SystemActor}
	}
	return Actor{Kind: p.Kind, ID: p.ID, Name: p.Name}
}

// AuditTarget is what something was done to.
type AuditTarget struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
}

// AuditEntry is an event as it stands in an audit log.
//
// The entries of a tenant are a chain, and so are those of no tenant (the zero
// ID, the platform's). Text is an entry as it was written; its hash is SHA-256
// over the hash of the entry before it, 32 zero bytes for the first, and Text.
// So an entry that is altered, removed or moved shows: see [AuditChain].
type AuditEntry struct {
	Seq        int64 // counts from 1 in each chain, without a gap
	ID         string
	At         time.Time
	Tenant     ID
	TenantSlug Slug
	Actor      Actor
	Action     string
	Target     AuditTarget
	RequestID  string
	Address    string
	Outcome    Outcome
	Details    json.RawMessage // an object

	Text json.RawMessage
	Hash AuditHash
}

// AuditHash is the hash of an entry.
type AuditHash [sha256.Size]byte

// auditText is how an entry is written. It is the API's form of an entry, so that
// what is shown is what is hashed.
type auditText struct {
	Seq        int64           `json:"seq"`
	ID         string          `json:"id"`
	At         time.Time       `json:"at"`
	TenantID   *ID             `json:"tenant_id"` // null: of no tenant
	TenantSlug *Slug           `json:"tenant_slug"`
	Actor      Actor           `json:"actor"`
	Action     string          `json:"action"`
	Target     AuditTarget     `json:"target"`
	RequestID  string          `json:"request_id"`
	Address    string          `json:"ip"`
	Outcome    Outcome         `json:"outcome"`
	Details    json.RawMessage `json:"details"`
}

// ParseAuditEntry reads an entry from its text and its hash. A member that isn't
// known is an error with [CodeInvalid]: nothing may be hashed and not shown.
func ParseAuditEntry(text json.RawMessage, hash AuditHash) (AuditEntry, error) {
	var read auditText
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&read); err != nil {
		return AuditEntry{}, Errorf(CodeInvalid, "an entry of the audit log can't be read").
			Because(err)
	}
	e := AuditEntry{
		Seq: read.Seq, ID: read.ID, At: read.At,
		Actor: read.Actor, Action: read.Action, Target: read.Target, RequestID: read.RequestID,
		Address: read.Address,
		Outcome: read.Outcome, Details: read.Details, Text: text, Hash: hash,
	}
	if read.TenantID != nil {
		e.Tenant = *read.TenantID
	}
	if read.TenantSlug != nil {
		e.TenantSlug = *read.TenantSlug
	}
	return e, nil
}

// Link is e with its text and its hash, behind an entry whose hash is before.
func (e AuditEntry) Link(before AuditHash) (AuditEntry, error) {
	if len(e.Details) == 0 {
		e.Details = json.RawMessage(`{}`)
	}
	shown := auditText{
		Seq: e.Seq, ID: e.ID, At: e.At, Actor: e.Actor, Action: e.Action, Target: e.Target,
		RequestID: e.RequestID, Address: e.Address, Outcome: e.Outcome, Details: e.Details,
	}
	if !e.Tenant.IsZero() {
		shown.TenantID, shown.TenantSlug = &e.Tenant, &e.TenantSlug
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return AuditEntry{}, err
	}
	e.Text, e.Hash = text, hashEntry(before, text)
	return e, nil
}

func hashEntry(before AuditHash, text []byte) AuditHash {
	return sha256.Sum256(append(before[:], text...))
}

// AuditChain verifies entries in the order of their Seq, the oldest first. The
// zero value begins with the first entry there ever was.
type AuditChain struct {
	Seq  int64     // of the last entry that fitted
	Hash AuditHash // of the same
}

// Next reports with [CodeInvalid] that e doesn't continue the chain. After an
// error the chain stays where it was.
func (c *AuditChain) Next(e AuditEntry) error {
	switch read, err := ParseAuditEntry(e.Text, e.Hash); {
	case err != nil:
		return Errorf(CodeInvalid,
			"entry %d of the audit log can't be read: it isn't what was written", e.Seq).
			Because(err)
	case e.Seq != c.Seq+1:
		return Errorf(CodeInvalid,
			"entry %d of the audit log follows entry %d: what stood between them is gone", e.Seq,
			c.Seq)
	case read.Seq != e.Seq || read.ID != e.ID || read.Tenant != e.Tenant || !read.At.Equal(e.At):
		return Errorf(CodeInvalid, "entry %d of the audit log was put in the place of another",
			e.Seq)
	case hashEntry(c.Hash, e.Text) != e.Hash:
		return Errorf(CodeInvalid, "entry %d of the audit log isn't what was written", e.Seq)
	}
	c.Seq, c.Hash = e.Seq, e.Hash
	return nil
}

// Ends reports with [CodeInvalid] that the chain, verified as far as there are
// entries, doesn't end where it should.
func (c AuditChain) Ends(last AuditChain) error {
	switch {
	case c.Seq < last.Seq:
		return Errorf(CodeInvalid,
			"the audit log ends with entry %d, and there were %d: the newest are gone", c.Seq,
			last.Seq)
	case c != last:
		return Errorf(CodeInvalid, "the audit log's end isn't where entry %d ends it", c.Seq)
	}
	return nil
}
