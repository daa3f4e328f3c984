package main

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

	"github.com/bailiwick-go/bailiwick/tenancy"
)

type auditVerifyCmd struct {
	remote
	Tenant string `required:"" env:"REGISTRY_TENANT" help:"The tenant whose log it is, by slug or id."`
	Head   string `placeholder:"SEQ:HASH" help:"A head that was noted before: it must be on the chain. Without one, a log that somebody has written anew from some entry to its end can't be told from the real one."`
}

// verifyResult is what verify --json prints.
type verifyResult struct {
	Entries int64  `json:"entries"`
	Seq     int64  `json:"seq"`
	Hash    string `json:"hash"`
}

// Run verifies each entry as it comes.
func (c *auditVerifyCmd) Run(ctx context.Context, t terminal) error {
	head, err := parseHead(c.Head)
	if err != nil {
		return err
	}
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	log, err := client.auditExport(ctx, c.Tenant)
	if err != nil {
		return err
	}
	defer log.Close()
	v := &verifier{head: head}
	if err := v.run(log); err != nil {
		return err
	}
	if c.JSON {
		return t.printJSON(verifyResult{Entries: v.chain.Seq - v.startSeq, Seq: v.chain.Seq,
			Hash: hex.EncodeToString(v.chain.Hash[:])})
	}
	t.printLine("%d entries, each as it was written. Note the head elsewhere, for --head:",
		v.chain.Seq-v.startSeq)
	t.printLine("%d:%x", v.chain.Seq, v.chain.Hash)
	return nil
}

func parseHead(text string) (head tenancy.AuditChain, err error) {
	if text == "" {
		return head, nil
	}
	seq, hash, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(hash)
	head.Seq, _ = strconv.ParseInt(seq, 10, 64)
	if err != nil || len(raw) != len(head.Hash) || head.Seq < 1 {
		return head, usagef("--head is what verify printed: a number, a colon and 64 hexadecimal" +
			" digits")
	}
	copy(head.Hash[:], raw)
	return head, nil
}

// verifier takes an exported log line by line.
type verifier struct {
	head     tenancy.AuditChain // that must be on the chain; zero: none
	tenant   tenancy.ID
	startSeq int64 // the entry before the first
	chain    tenancy.AuditChain
	started  bool
	ended    bool
}

// exportLine is a line of an exported log: its beginning, an entry, or its end.
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

func (v *verifier) run(log io.Reader) error {
	if err := eachLine(log, v.line); err != nil {
		return err
	}
	switch {
	case !v.ended:
		return fmt.Errorf("the log was cut off on its way behind entry %d: verify again",
			v.chain.Seq)
	case v.head.Seq > v.chain.Seq:
		return fmt.Errorf("the log ends with entry %d, and entry %d was its head before: the"+
			" newest are gone", v.chain.Seq, v.head.Seq)
	case v.head.Seq > 0 && v.head.Seq < v.startSeq:
		return fmt.Errorf("the log begins behind entry %d, so that entry %d can't be looked at"+
			" any more", v.startSeq, v.head.Seq)
	}
	return nil
}

func (v *verifier) line(text []byte) error {
	var line exportLine
	if err := json.Unmarshal(text, &line); err != nil {
		return fmt.Errorf("what follows entry %d of the log can't be read: %w", v.chain.Seq, err)
	}
	switch {
	case v.ended:
		return fmt.Errorf("something follows the log's end behind entry %d", v.chain.Seq)
	case line.Begin != nil && !v.started:
		v.started, v.startSeq, v.tenant = true, line.Begin.Seq, line.Begin.Tenant
		return v.start(line.Begin.Seq, line.Begin.Hash)
	case !v.started || line.Begin != nil:
		return errors.New("the log has no beginning: is this the export of an audit log?")
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

func (v *verifier) start(seq int64, hash string) error {
	v.chain.Seq = seq
	if err := readHash(&v.chain.Hash, hash); err != nil {
		return err
	}
	return v.checkHead()
}

func (v *verifier) end(seq int64, hash string) error {
	last := tenancy.AuditChain{Seq: seq}
	if err := readHash(&last.Hash, hash); err != nil {
		return err
	}
	return v.chain.Ends(last)
}

// checkHead holds the chain against the head that was noted.
func (v *verifier) checkHead() error {
	if v.chain.Seq == v.head.Seq && v.chain != v.head && v.head.Seq > 0 {
		return fmt.Errorf("entry %d isn't the one that was the log's head before: the log was"+
			" written anew", v.chain.Seq)
	}
	return nil
}

func readHash(into *tenancy.AuditHash, text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(into) {
		return errors.New("a hash is 64 hexadecimal digits")
	}
	copy(into[:], raw)
	return nil
}
