package commands_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// exportedLog returns the lines of an exported log of n entries, and the chain after
// each entry.
func exportedLog(t *testing.T, n int) (lines []string, ends []tenancy.AuditChain) {
	t.Helper()
	tenant := tenancy.NewID()
	ends = []tenancy.AuditChain{{}}
	lines = []string{fmt.Sprintf(`{"begin":{"tenant_id":%q,"seq":0,"hash":"%064x"}}`, tenant, 0)}
	for i := range n {
		e, err := tenancy.Event{Action: "agent.read", Target: tenancy.AuditTarget{
			Kind: "agent", Name: fmt.Sprint("a", i)}}.Entry(t.Context())
		require.NoError(t, err)
		e.Seq, e.ID, e.Tenant, e.TenantSlug, e.At = int64(i)+1, tenancy.NewID().String(), tenant,
			"acme", time.Unix(int64(i), 0).UTC()
		e, err = e.Link(ends[i].Hash)
		require.NoError(t, err)
		ends = append(ends, tenancy.AuditChain{Seq: e.Seq, Hash: e.Hash})
		lines = append(lines, fmt.Sprintf(`{"seq":%d,"id":%q,"at":%q,"hash":"%x","entry":%s}`,
			e.Seq, e.ID, e.At.Format(time.RFC3339Nano), e.Hash, e.Text))
	}
	return append(lines, fmt.Sprintf(`{"end":{"seq":%d,"hash":"%x"}}`, n, ends[n].Hash)), ends
}

func formatHead(c tenancy.AuditChain) string { return fmt.Sprintf("%d:%x", c.Seq, c.Hash) }

func TestAuditVerifyNamesFirstInvalidEntry(t *testing.T) {
	t.Parallel()
	lines, ends := exportedLog(t, 5)
	other, _ := exportedLog(t, 5)
	with := func(change func(l []string) []string) []string {
		return change(append([]string(nil), lines...))
	}
	replace := func(i int, old, new string) []string {
		return with(func(l []string) []string {
			l[i] = strings.Replace(l[i], old, new, 1)
			return l
		})
	}
	beginsLater := with(func(l []string) []string {
		l[2] = strings.Replace(l[0], fmt.Sprintf(`"seq":0,"hash":"%064x"`, 0),
			fmt.Sprintf(`"seq":2,"hash":"%x"`, ends[2].Hash), 1)
		return l[2:]
	})
	for name, c := range map[string]struct {
		lines   []string
		head    string
		wantErr string // empty: it verifies
	}{
		"complete log":                   {lines: lines},
		"complete log and its head":      {lines: lines, head: formatHead(ends[5])},
		"complete log and an older head": {lines: lines, head: formatHead(ends[2])},
		"log that begins later":          {lines: beginsLater},
		"log that begins at the head":    {lines: beginsLater, head: formatHead(ends[2])},
		"log that begins after the head": {lines: beginsLater, head: formatHead(ends[1]),
			wantErr: "begins after entry 2"},
		"altered entry": {lines: replace(3, "agent.read", "agent.seen"),
			wantErr: "entry 3 "},
		"altered hash": {
			lines: replace(3, `"hash":"`+hex.EncodeToString(ends[3].Hash[:1]),
				`"hash":"`+hex.EncodeToString([]byte{^ends[3].Hash[0]})), wantErr: "entry 3 "},
		"added space": {lines: replace(3, `"action":`, `"action": `),
			wantErr: "entry 3 "},
		"altered time": {
			lines:   replace(3, `"at":"1970-01-01T00:00:02Z"`, `"at":"1970-01-01T00:00:03Z"`),
			wantErr: "entry 3 "},
		"removed entry": {
			lines:   with(func(l []string) []string { return append(l[:3], l[4:]...) }),
			wantErr: "entry 4 "},
		"removed newest entry": {
			lines:   with(func(l []string) []string { return append(l[:5], l[6]) }),
			wantErr: "ends with entry 4"},
		"removed newest entry and end": {lines: with(func(l []string) []string { return l[:5] }),
			wantErr: "without an end line"},
		"incomplete line": {
			lines:   with(func(l []string) []string { l[6] = l[6][:20]; return l }),
			wantErr: "entry 5"},
		"line after the end": {lines: append(append([]string(nil), lines...), lines[5]),
			wantErr: "a line after its end"},
		"swapped entries": {
			lines:   with(func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }),
			wantErr: "entry 3 "},
		"entry of another tenant": {
			lines:   with(func(l []string) []string { l[1] = other[1]; return l }),
			wantErr: "entry 1 "},
		"entry of the wrong type": {lines: replace(2, `"entry":{`, `"entry":"x","e":{`),
			wantErr: "entry 2 "},
		"missing begin line": {lines: lines[1:], wantErr: "begin line"},
		"repeated begin line": {lines: with(func(l []string) []string { l[3] = l[0]; return l }),
			wantErr: "begin line"},
		"empty log": {wantErr: "without an end line"},
		"head of another log": {lines: lines, head: "3:" + strings.Repeat("0", 64),
			wantErr: "entry 3 "},
		"head that is missing": {lines: lines, head: "9:" + strings.Repeat("0", 64),
			wantErr: "its head was entry 9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := httptest.NewServer(
				http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					for _, line := range c.lines {
						fmt.Fprintln(w, line)
					}
				}))
			t.Cleanup(registry.Close)
			args := []string{"audit", "verify", "--tenant", "acme", "--url", registry.URL}
			if c.head != "" {
				args = append(args, "--head", c.head)
			}
			got := harness.RunLine(t, args...)
			if c.wantErr == "" {
				require.Equal(t, cli.ExitDone, got.Status, got.Err)
				require.Contains(t, got.Out, formatHead(ends[5]))
				return
			}
			require.Equal(t, cli.ExitRefused, got.Status, got.Out)
			require.Contains(t, got.Err, c.wantErr)
			require.Empty(t, got.Out)
		})
	}
}

func TestIncompleteAuditExportIsAnError(t *testing.T) {
	t.Parallel()
	lines, _ := exportedLog(t, 2)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Join(lines[:2], "\n"))
	}))
	t.Cleanup(registry.Close)
	got := harness.RunLine(t, "audit", "export", "--tenant", "acme", "--url", registry.URL)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Contains(t, got.Err, "without an end line")
}

func TestAuditListReplacesControlCharacters(t *testing.T) {
	t.Parallel()
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"items":[{"at":"2030-01-01T00:00:00Z","tenant_slug":null,`+
			`"actor":{"kind":"user","id":"","name":"\u001b[2Jx\n"},"action":"a.b",`+
			`"target":{"kind":"agent","name":"\u202ex"},"outcome":"ok","ip":""}]}`)
	}))
	t.Cleanup(registry.Close)
	got := harness.RunLine(t, "audit", "list", "--url", registry.URL)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.False(t, bytes.ContainsAny([]byte(got.Out), "\x1b\u202e"), "%q", got.Out)
	require.Equal(t, 2, strings.Count(got.Out, "\n"))
}
