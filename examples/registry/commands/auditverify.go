package commands

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditVerifyCmd downloads a tenant's log and verifies its hash chain on this machine,
// so that the registry's own word isn't needed.
//
// Route: GET /api/v1/tenants/T/audit/export.
type auditVerifyCmd struct {
	apiclient.Flags
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The log's tenant, by slug or id."`
	Head   string `placeholder:"SEQ:HASH" help:"A head from an earlier verification, which the chain must contain."`
}

// Help describes what a head protects from.
func (auditVerifyCmd) Help() string {
	return `verify prints the log's head: the number and the hash of its last entry. Store it elsewhere, and
give it to the next verification as --head. Without a head, verify can't detect a log that was
rewritten up to its end.`
}

// VerifyResult is the output of verify --json.
type VerifyResult struct {
	Entries int64  `json:"entries"` // the number of verified entries
	Seq     int64  `json:"seq"`     // of the head
	Hash    string `json:"hash"`    // of the head, in hexadecimal
}

// Run verifies each entry while the log is downloaded.
func (c *auditVerifyCmd) Run(ctx context.Context, t terminal.Terminal) error {
	head, err := parseHead(c.Head)
	if err != nil {
		return err
	}
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	log, err := auditExport(ctx, client, c.Tenant)
	if err != nil {
		return err
	}
	defer log.Close()
	v := &verifier{head: head}
	if err := v.run(log); err != nil {
		return err
	}
	if c.JSON {
		return t.PrintJSON(VerifyResult{Entries: v.chain.Seq - v.startSeq, Seq: v.chain.Seq,
			Hash: hex.EncodeToString(v.chain.Hash[:])})
	}
	t.PrintLine("%d entries are unchanged. Store this head elsewhere, for the next --head:",
		v.chain.Seq-v.startSeq)
	t.PrintLine("%d:%x", v.chain.Seq, v.chain.Hash)
	return nil
}

// parseHead parses a head in the form SEQ:HASH. An empty text is the zero head.
func parseHead(text string) (head tenancy.AuditChain, err error) {
	if text == "" {
		return head, nil
	}
	seq, hash, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(hash)
	head.Seq, _ = strconv.ParseInt(seq, 10, 64)
	if err != nil || len(raw) != len(head.Hash) || head.Seq < 1 {
		return head, terminal.Usagef("invalid --head: use the head that verify printed:" +
			" a number, a colon and 64 hexadecimal digits")
	}
	copy(head.Hash[:], raw)
	return head, nil
}

// verifier checks an exported log line by line.
type verifier struct {
	head     tenancy.AuditChain // must be on the chain; the zero head isn't checked
	tenant   tenancy.ID         // from the begin line; each entry's hash covers it
	startSeq int64              // the number of the last entry before the export
	chain    tenancy.AuditChain // the last verified entry
	started  bool
	ended    bool
}

// exportLine is one line of an exported log: the begin line, an entry, or the end
// line.
type exportLine struct {
	Begin *struct {
		Tenant tenancy.ID `json:"tenant_id"`
		Seq    int64      `json:"seq"`
		Hash   string     `json:"hash"`
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

// run verifies a whole log, including its end and the position of the given head. The
// error names the first entry that doesn't fit.
func (v *verifier) run(log io.Reader) error {
	if err := eachLine(log, v.line); err != nil {
		return err
	}
	switch {
	case !v.ended:
		return fmt.Errorf("the log is incomplete: it stops after entry %d without an end line:"+
			" verify again", v.chain.Seq)
	case v.head.Seq > v.chain.Seq:
		return fmt.Errorf("the log ends with entry %d, but its head was entry %d: the newest"+
			" entries are missing", v.chain.Seq, v.head.Seq)
	case v.head.Seq > 0 && v.head.Seq < v.startSeq:
		return fmt.Errorf("the log begins after entry %d: the head, entry %d, can't be verified"+
			" any more", v.startSeq, v.head.Seq)
	}
	return nil
}

// line verifies the next line. The first line must be the begin line, and no line may
// follow the end line.
func (v *verifier) line(text []byte) error {
	var line exportLine
	if err := json.Unmarshal(text, &line); err != nil {
		return fmt.Errorf("the line after entry %d of the log is invalid: %w", v.chain.Seq, err)
	}
	switch {
	case v.ended:
		return fmt.Errorf("the log has a line after its end (entry %d)", v.chain.Seq)
	case line.Begin != nil && !v.started:
		v.started, v.startSeq, v.tenant = true, line.Begin.Seq, line.Begin.Tenant
		return v.start(line.Begin.Seq, line.Begin.Hash)
	case !v.started || line.Begin != nil:
		return errors.New("the log's begin line is missing or repeated: this isn't an audit export")
	case line.End != nil:
		v.ended = true
		return v.end(line.End.Seq, line.End.Hash)
	}
	e := tenancy.AuditEntry{Seq: line.Seq, ID: line.ID, At: line.At, Tenant: v.tenant,
		Text: line.Entry}
	if err := readHash(&e.Hash, line.Hash); err != nil {
		return fmt.Errorf("entry %d of the log: %w", line.Seq, err)
	}
	if err := v.chain.Next(e); err != nil {
		return err
	}
	return v.checkHead()
}

// start starts the chain at the begin line. A log whose oldest months were deleted
// begins after the last deleted entry.
func (v *verifier) start(seq int64, hash string) error {
	v.chain.Seq = seq
	if err := readHash(&v.chain.Hash, hash); err != nil {
		return err
	}
	return v.checkHead()
}

// end compares the end line with the last verified entry.
func (v *verifier) end(seq int64, hash string) error {
	last := tenancy.AuditChain{Seq: seq}
	if err := readHash(&last.Hash, hash); err != nil {
		return err
	}
	return v.chain.Ends(last)
}

// checkHead compares the chain with the given head when it reaches the head's entry.
func (v *verifier) checkHead() error {
	if v.chain.Seq == v.head.Seq && v.chain != v.head && v.head.Seq > 0 {
		return fmt.Errorf("entry %d differs from the given head: the log was rewritten",
			v.chain.Seq)
	}
	return nil
}

// readHash parses a SHA-256 hash of 64 hexadecimal digits.
func readHash(into *tenancy.AuditHash, text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(into) {
		return errors.New("invalid hash: it must be 64 hexadecimal digits")
	}
	copy(into[:], raw)
	return nil
}
