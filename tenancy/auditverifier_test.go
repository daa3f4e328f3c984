package tenancy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// exportLines returns the lines of an exported log with these entries.
func exportLines(entries []tenancy.AuditEntry) []string {
	lines := []string{fmt.Sprintf(`{"begin":{"tenant_id":%q,"seq":0,"hash":"%064x"}}`,
		entries[0].Tenant, 0)}
	for _, e := range entries {
		lines = append(lines, fmt.Sprintf(`{"seq":%d,"id":%q,"at":%q,"hash":"%x","entry":%s}`,
			e.Seq, e.ID, e.At.Format(time.RFC3339Nano), e.Hash, e.Text))
	}
	last := entries[len(entries)-1]
	return append(lines, fmt.Sprintf(`{"end":{"seq":%d,"hash":"%x"}}`, last.Seq, last.Hash))
}

// verifyLines returns what a verifier found, and its first error.
func verifyLines(lines []string, head tenancy.AuditChain) (tenancy.Verified, error) {
	v := tenancy.AuditVerifier{Head: head}
	for _, line := range lines {
		if err := v.Line([]byte(line)); err != nil {
			return v.Verified(), err
		}
	}
	return v.Verified(), v.End()
}

func TestAuditVerifierCountsEntriesOfWholeLog(t *testing.T) {
	t.Parallel()
	tenant := tenancy.NewID()
	entries := newChain(t, tenant, 4)
	want := tenancy.AuditChain{Seq: 4, Hash: entries[3].Hash}
	found, err := verifyLines(exportLines(entries), want)
	must(t, err)
	if found.Entries != 4 || found.Last != want || found.Tenant != tenant ||
		!found.FirstAt.Equal(entries[0].At) || !found.LastAt.Equal(entries[3].At) {
		t.Errorf("%+v isn't what the log has", found)
	}
}

func TestAuditVerifierStopsAtFirstAlteredEntry(t *testing.T) {
	t.Parallel()
	entries := newChain(t, tenancy.NewID(), 4)
	lines := exportLines(entries)
	lines[3] = strings.Replace(lines[3], `"outcome":"ok"`, `"outcome":"denied"`, 1)
	found, err := verifyLines(lines, tenancy.AuditChain{})
	if err == nil || !strings.Contains(err.Error(), "entry 3 ") {
		t.Errorf("%v doesn't name the entry", err)
	}
	if found.Entries != 2 || found.Last.Seq != 2 {
		t.Errorf("%+v doesn't end before the altered entry", found)
	}
}

func TestAuditChainIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	entries := newChain(t, tenancy.NewID(), 1)
	want := tenancy.AuditChain{Seq: 1, Hash: entries[0].Hash}
	got, err := tenancy.ParseAuditChain(want.String())
	must(t, err)
	if got != want {
		t.Errorf("%v was read as %v", want, got)
	}
	for _, text := range []string{"", "1", "1:", "1:ab", "0:" + strings.Repeat("0", 64),
		"-1:" + strings.Repeat("0", 64), want.String() + "0", ":" + strings.Repeat("0", 64)} {
		if c, err := tenancy.ParseAuditChain(text); err == nil {
			t.Errorf("%q was read as %v", text, c)
		}
	}
}
