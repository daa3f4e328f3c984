package tenancy

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseAuditChain reads a position in an audit log as [AuditChain.String] writes it. Any
// other text is an error with [CodeInvalid].
func ParseAuditChain(text string) (AuditChain, error) {
	number, hash, _ := strings.Cut(text, ":")
	c := AuditChain{}
	var err error
	c.Seq, err = strconv.ParseInt(number, 10, 64)
	if err != nil || c.Seq < 1 || c.Hash.parse(hash) != nil {
		return AuditChain{}, Errorf(CodeInvalid, "a head of an audit log must be a number, a colon"+
			" and 64 hexadecimal digits")
	}
	return c, nil
}

// String returns the number and the hash of the last valid entry: "7:0f3a…".
func (c AuditChain) String() string { return fmt.Sprintf("%d:%x", c.Seq, c.Hash) }

// AuditVerifier verifies an exported audit log line by line: call Line with each line and
// then End. So a log of any length is verified while it is read. The zero value is ready.
type AuditVerifier struct {
	// Head is a position from an earlier verification, which the log must contain. Without
	// one a log that was rewritten up to its end isn't detected.
	Head AuditChain

	tenant         ID // of the log; each entry's hash covers it
	begin, chain   AuditChain
	first, last    time.Time
	started, ended bool
}

// Verified is what an [AuditVerifier] has found to be unchanged so far.
type Verified struct {
	Tenant  ID
	Entries int64
	Begin   AuditChain // the entry before the first exported one; the zero value: none
	Last    AuditChain // the last verified entry
	FirstAt time.Time  // when the first verified entry was written
	LastAt  time.Time  // when the last one was
}

// Verified returns what has been verified so far.
func (v *AuditVerifier) Verified() Verified {
	return Verified{Tenant: v.tenant, Entries: v.chain.Seq - v.begin.Seq, Begin: v.begin, Last: v.chain,
		FirstAt: v.first, LastAt: v.last}
}

// auditLine is one line of an exported log: the begin line, an entry, or the end line.
type auditLine struct {
	Begin *struct {
		Tenant ID     `json:"tenant_id"`
		Seq    int64  `json:"seq"`
		Hash   string `json:"hash"`
	} `json:"begin"`
	End *struct {
		Seq  int64  `json:"seq"`
		Hash string `json:"hash"`
	} `json:"end"`
	Seq   int64           `json:"seq"`
	ID    string          `json:"id"`
	At    time.Time       `json:"at"`
	Hash  string          `json:"hash"`
	Entry json.RawMessage `json:"entry"`
}

// Line verifies the next line. The first line must be the begin line, and no line may
// follow the end line. The error names the entry that doesn't continue the log.
func (v *AuditVerifier) Line(text []byte) error {
	var line auditLine
	if err := json.Unmarshal(text, &line); err != nil {
		return fmt.Errorf("the line after entry %d of the log is invalid: %w", v.chain.Seq, err)
	}
	switch {
	case v.ended:
		return fmt.Errorf("the log has a line after its end (entry %d)", v.chain.Seq)
	case line.Begin != nil && !v.started:
		v.started, v.tenant = true, line.Begin.Tenant
		return v.start(line.Begin.Seq, line.Begin.Hash)
	case !v.started || line.Begin != nil:
		return errors.New("the log's begin line is missing or repeated: this isn't an audit export")
	case line.End != nil:
		v.ended = true
		return v.end(line.End.Seq, line.End.Hash)
	}
	return v.entry(line)
}

// entry verifies an entry against the one before it.
func (v *AuditVerifier) entry(line auditLine) error {
	e := AuditEntry{Seq: line.Seq, ID: line.ID, At: line.At, Tenant: v.tenant, Text: line.Entry}
	if err := e.Hash.parse(line.Hash); err != nil {
		return fmt.Errorf("entry %d of the log: %w", line.Seq, err)
	}
	if err := v.chain.Next(e); err != nil {
		return err
	}
	if v.first.IsZero() {
		v.first = e.At
	}
	v.last = e.At
	return v.checkHead()
}

// start starts the chain at the begin line. A log whose oldest months were deleted begins
// after the last deleted entry.
func (v *AuditVerifier) start(seq int64, hash string) error {
	if err := v.begin.Hash.parse(hash); err != nil {
		return err
	}
	v.begin.Seq = seq
	v.chain = v.begin
	return v.checkHead()
}

// end compares the end line with the last verified entry.
func (v *AuditVerifier) end(seq int64, hash string) error {
	last := AuditChain{Seq: seq}
	if err := last.Hash.parse(hash); err != nil {
		return err
	}
	return v.chain.Ends(last)
}

// checkHead compares the chain with Head when it reaches the head's entry.
func (v *AuditVerifier) checkHead() error {
	if v.chain.Seq == v.Head.Seq && v.chain != v.Head && v.Head.Seq > 0 {
		return fmt.Errorf("entry %d differs from the given head: the log was rewritten",
			v.chain.Seq)
	}
	return nil
}

// End verifies, after the last line, that the log is complete and contains Head.
func (v *AuditVerifier) End() error {
	switch {
	case !v.ended:
		return fmt.Errorf("the log is incomplete: it stops after entry %d without an end line:"+
			" verify again", v.chain.Seq)
	case v.Head.Seq > v.chain.Seq:
		return fmt.Errorf("the log ends with entry %d, but its head was entry %d: the newest"+
			" entries are missing", v.chain.Seq, v.Head.Seq)
	case v.Head.Seq > 0 && v.Head.Seq < v.begin.Seq:
		return fmt.Errorf("the log begins after entry %d: the head, entry %d, can't be verified"+
			" any more", v.begin.Seq, v.Head.Seq)
	}
	return nil
}

// parse reads a hash of 64 hexadecimal digits.
func (h *AuditHash) parse(text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(h) {
		return errors.New("invalid hash: it must be 64 hexadecimal digits")
	}
	copy(h[:], raw)
	return nil
}
