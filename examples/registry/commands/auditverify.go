package commands

import (
	"context"
	"encoding/hex"

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
	v := &tenancy.AuditVerifier{Head: head}
	if err := eachLine(log, v.Line); err != nil {
		return err
	}
	if err := v.End(); err != nil {
		return err
	}
	found := v.Verified()
	if c.JSON {
		return t.PrintJSON(VerifyResult{Entries: found.Entries, Seq: found.Last.Seq,
			Hash: hex.EncodeToString(found.Last.Hash[:])})
	}
	t.PrintLine("%d entries are unchanged. Store this head elsewhere, for the next --head:",
		found.Entries)
	t.PrintLine("%s", found.Last)
	return nil
}

// parseHead parses a head in the form SEQ:HASH. An empty text is the zero head.
func parseHead(text string) (tenancy.AuditChain, error) {
	if text == "" {
		return tenancy.AuditChain{}, nil
	}
	head, err := tenancy.ParseAuditChain(text)
	if err != nil {
		return head, terminal.Usagef("invalid --head: use the head that verify printed:" +
			" a number, a colon and 64 hexadecimal digits")
	}
	return head, nil
}
