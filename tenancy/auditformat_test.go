package tenancy_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// goldenEntries are entries as each format wrote them, with the hash of each as the first
// entry of a chain. Logs that were written with any version of this module have them: no
// change of the module may change them or make them invalid.
var goldenEntries = map[string]struct{ text, hash string }{
	"format 1, written by Go": {
		`{"seq":1,"id":"0190f5fe-7c00-7a00-8000-000000000001","at":"2030-01-01T00:00:00Z",` +
			`"tenant_id":"0190f5fe-7c00-7a00-8000-0000000000aa","tenant_slug":"acme",` +
			`"actor":{"kind":"system"},"action":"resource.update",` +
			`"target":{"kind":"agent","name":"a\u003cb"},"request_id":"r1","ip":"192.0.2.1",` +
			`"outcome":"ok","details":{"n":1,"reason":"why"}}`,
		"4d2038780a7f9a8dd9aa963bdf0bfef460a1e07b286147f412d11515e0e6827c",
	},
	"format 1, written by PostgreSQL": {
		`{"at": "2030-01-01T00:00:00.000000Z", "id": "0190f5fe-7c00-7a00-8000-000000000001",` +
			` "ip": "192.0.2.1", "seq": 1, "actor": {"id": "", "kind": "system", "name": ""},` +
			` "action": "resource.update", "target": {"kind": "agent", "name": "a<b"},` +
			` "details": {"n": 1, "reason": "why"}, "outcome": "ok",` +
			` "tenant_id": "0190f5fe-7c00-7a00-8000-0000000000aa", "request_id": "r1",` +
			` "tenant_slug": "acme"}`,
		"b831131ad08d374e2d668840187bae7297974df2881d18e869976eb62af86459",
	},
	"format 2, written by Go": {
		goldenText,
		"68d75f03b55e321b099904f57939fda3997ee0067dc6be074ab01f1550aa3bc3",
	},
	"format 2, written by PostgreSQL": {
		`{"at": "2030-01-01T00:00:00.000000Z", "id": "0190f5fe-7c00-7a00-8000-000000000001",` +
			` "ip": "192.0.2.1", "seq": 1, "actor": {"id": "", "kind": "system", "name": ""},` +
			` "action": "resource.update", "format": 2, "target": {"kind": "agent",` +
			` "name": "a<b"}, "details": {"n": 1, "reason": "why"}, "outcome": "ok",` +
			` "tenant_id": "0190f5fe-7c00-7a00-8000-0000000000aa", "request_id": "r1",` +
			` "tenant_slug": "acme"}`,
		"5cf9e7dbf8d50ef4efd44566055f3043ddf2ba5090d9a6a420345ffa2f29833c",
	},
}

// goldenText is what [tenancy.AuditEntry.Link] writes now.
const goldenText = `{"format":2,"seq":1,"id":"0190f5fe-7c00-7a00-8000-000000000001",` +
	`"at":"2030-01-01T00:00:00.000000Z","tenant_id":"0190f5fe-7c00-7a00-8000-0000000000aa",` +
	`"tenant_slug":"acme","actor":{"kind":"system","id":"","name":""},` +
	`"action":"resource.update","target":{"kind":"agent","name":"a\u003cb"},` +
	`"request_id":"r1","ip":"192.0.2.1","outcome":"ok","details":{"n":1,"reason":"why"}}`

// goldenEntry returns the entry that every golden text has, before it is linked.
func goldenEntry(t *testing.T) tenancy.AuditEntry {
	t.Helper()
	e, err := tenancy.Event{
		Action:  "resource.update",
		Target:  tenancy.AuditTarget{Kind: "agent", Name: "a<b"},
		Details: map[string]any{"n": 1},
	}.Entry(tenancy.WithRequest(context.Background(),
		tenancy.Request{ID: "r1", Address: "192.0.2.1", Reason: "why"}))
	must(t, err)
	e.Seq, e.ID = 1, "0190f5fe-7c00-7a00-8000-000000000001"
	e.At = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	e.TenantSlug = "acme"
	e.Tenant, err = tenancy.ParseID("0190f5fe-7c00-7a00-8000-0000000000aa")
	must(t, err)
	return e
}

func TestEntryIsWrittenInFormat2(t *testing.T) {
	t.Parallel()
	e, err := goldenEntry(t).Link(tenancy.AuditHash{})
	must(t, err)
	if string(e.Text) != goldenText {
		t.Errorf("the text is\n%s\nwant\n%s", e.Text, goldenText)
	}
}

func TestEveryFormatVerifiesAndReadsAlike(t *testing.T) {
	t.Parallel()
	want := goldenEntry(t)
	for name, golden := range goldenEntries {
		var hash tenancy.AuditHash
		raw, err := hex.DecodeString(golden.hash)
		must(t, err)
		copy(hash[:], raw)
		read, err := tenancy.ParseAuditEntry(json.RawMessage(golden.text), hash)
		must(t, err)
		if err := new(tenancy.AuditChain).Next(read); err != nil {
			t.Errorf("%s doesn't verify: %v", name, err)
		}
		sameEvent := read.Actor == want.Actor && read.Action == want.Action &&
			read.Target == want.Target && read.RequestID == want.RequestID &&
			read.Address == want.Address && read.Outcome == want.Outcome &&
			strings.ReplaceAll(string(read.Details), " ", "") == string(want.Details)
		if !sameEvent || read.Seq != want.Seq || read.ID != want.ID || !read.At.Equal(want.At) ||
			read.Tenant != want.Tenant || read.TenantSlug != want.TenantSlug {
			t.Errorf("%s reads as %+v; want %+v", name, read, want)
		}
	}
}

func TestUnknownFormatOrMemberOfEntryIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a later format":         strings.Replace(goldenText, `"format":2`, `"format":3`, 1),
		"format 1 by its number": strings.Replace(goldenText, `"format":2`, `"format":1`, 1),
		"format null":            strings.Replace(goldenText, `"format":2`, `"format":null`, 1),
		"format as a text":       strings.Replace(goldenText, `"format":2`, `"format":"2"`, 1),
		"another number for 2":   strings.Replace(goldenText, `"format":2`, `"format":2.0`, 1),
		"an unknown member":      strings.Replace(goldenText, `{`, `{"x":1,`, 1),
		"an unknown actor member": strings.Replace(goldenText, `"kind":"system"`,
			`"kind":"system","x":1`, 1),
	} {
		if text == goldenText {
			t.Fatalf("%s: nothing was replaced", name)
		}
		_, err := tenancy.ParseAuditEntry(json.RawMessage(text), tenancy.AuditHash{})
		if err == nil {
			t.Errorf("%s is accepted: %s", name, text)
		}
		WantCode(t, err, tenancy.CodeInvalid)
	}
}

func TestEventTextIsTheRecordOfTheEntry(t *testing.T) {
	t.Parallel()
	text, err := tenancy.Event{Action: "x.read"}.Text(context.Background())
	must(t, err)
	const want = `{"actor":{"kind":"system","id":"","name":""},"action":"x.read",` +
		`"target":{"kind":"","name":""},"request_id":"","ip":"","outcome":"ok","details":{}}`
	if string(text) != want {
		t.Errorf("the text is %s; want %s", text, want)
	}
	if _, err := (tenancy.Event{}).Text(context.Background()); err == nil {
		t.Error("an event without an action has a text")
	}
}
