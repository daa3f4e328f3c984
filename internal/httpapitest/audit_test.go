package httpapitest_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type entrySeen struct {
	ID, At, Action, IP, Outcome string
	Seq                         int64
	TenantID                    *string `json:"tenant_id"`
	TenantSlug                  *string `json:"tenant_slug"`
	RequestID                   string  `json:"request_id"`
	Actor                       struct{ Kind, ID, Name string }
	Target                      struct{ Kind, Name string }
	Details                     map[string]any
}

func entriesSeen(t *testing.T, g got) []entrySeen {
	t.Helper()
	return read[struct{ Items []entrySeen }](t, g).Items
}

func TestTheLogSaysWhoDidWhatFromWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := w.put(t, "/api/v1/prompts/greeting", aPrompt)
	w.do(t, ask{as: "root", method: "PUT", path: "/api/v1/tenants/acme", body: `{"name":"Acme"}`}).
		ok(t, 200)
	found := entriesSeen(t, w.do(t,
		ask{as: "acme-admin", path: "/api/v1/tenants/acme/audit?limit=2"}).ok(t, 200))
	require.Len(t, found, 2)
	change, create := found[0], found[1]
	assert.Equal(t, "tenant.update", change.Action)
	assert.Equal(t, "platform", change.Actor.Kind)
	assert.Equal(t, "resource.create", create.Action)
	assert.Equal(t, "key", create.Actor.Kind)
	assert.Equal(t, "editor", create.Actor.Name)
	assert.Equal(t, "greeting", create.Target.Name)
	assert.Equal(t, put.header.Get("X-Request-ID"), create.RequestID)
	assert.Equal(t, "127.0.0.1", create.IP)
	assert.Equal(t, "ok", create.Outcome)
	assert.Equal(t, "acme", *create.TenantSlug)
	assert.Equal(t, w.tenants["acme"].ID.String(), *create.TenantID)
	assert.Contains(t, create.Details["after"], "sha256:")
}

func TestTheLogIsFilteredAndPaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.put(t, fmt.Sprintf("/api/v1/prompts/p%d", i), aPrompt)
	}
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: "/api/v1/prompts/p0"}).ok(t, 204)
	const path = "/api/v1/tenants/acme/audit"
	actions := w.pages(t, ask{as: "acme-admin", path: path + "?limit=2&action=resource.create"},
		"action")
	assert.Equal(t, []string{"resource.create", "resource.create", "resource.create",
		"resource.create", "resource.create"}, actions)
	all := entriesSeen(t, w.do(t, ask{as: "acme-admin", path: path}).ok(t, 200))
	first := all[len(all)-1]
	assert.Equal(t, "tenant.create", first.Action)
	assert.Equal(t, []string{"resource.delete"},
		w.pages(t, ask{as: "acme-admin", path: path + "?actor=" + all[0].Actor.ID}, "action"))
	since := url.QueryEscape(all[0].At)
	assert.Equal(t, []string{"resource.delete"},
		w.pages(t, ask{as: "acme-admin", path: path + "?action=resource.delete&since=" + since},
			"action"))
	assert.Empty(t, w.pages(t,
		ask{as: "acme-admin", path: path + "?action=resource.delete&until=" + since}, "action"))

	for _, query := range []string{"since=yesterday", "until=2026-13-01T00:00:00Z", "since=",
		"since=0001-01-01T00:00:00Z"} {
		w.do(t, ask{as: "acme-admin", path: path + "?" + query}).
			refused(t, 422, tenancy.CodeInvalid)
	}
	cursor := read[struct {
		Next string `json:"next_cursor"`
	}](t, w.do(t, ask{as: "acme-admin", path: path + "?limit=1"}).ok(t, 200)).Next
	w.do(t, ask{as: "beta-admin", path: "/api/v1/tenants/beta/audit?limit=1&cursor=" + cursor}).
		refused(t, 400, tenancy.CodeInvalidCursor)
	w.do(t, ask{as: "acme-admin", path: path + "?limit=1&action=x&cursor=" + cursor}).
		refused(t, 400, tenancy.CodeInvalidCursor)
	w.do(t, ask{as: "root", path: "/api/v1/audit?limit=1&cursor=" + cursor}).
		refused(t, 400, tenancy.CodeInvalidCursor)
}

func TestTheLogIsForAdminsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/api/v1/tenants/acme/audit",
		"/api/v1/tenants/acme/audit/export"} {
		for _, caller := range []string{"acme-viewer", "acme-editor", "acme-replicator"} {
			w.do(t, ask{as: caller, path: path}).refused(t, 403, tenancy.CodeForbidden)
		}
		w.do(t, ask{path: path}).refused(t, 401, tenancy.CodeUnauthenticated)
		w.do(t, ask{as: "acme-admin", path: path}).ok(t, 200)
		w.do(t, ask{as: "root", path: path}).ok(t, 200)
		w.do(t, ask{as: "root", method: "HEAD", path: path}).ok(t, 200)
	}
	for _, caller := range []string{"acme-admin", "acme-viewer"} {
		w.do(t, ask{as: caller, path: "/api/v1/audit"}).refused(t, 403, tenancy.CodeForbidden)
	}
}

func TestThePlatformSeesAllLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.services.PlatformAudit.Append(context.Background(), tenancy.Event{
		Action: "user.create", Target: tenancy.AuditTarget{Kind: "user", Name: "ada"}}))
	w.put(t, "/api/v1/prompts/p", aPrompt)
	actions := w.pages(t, ask{as: "root", path: "/api/v1/audit?limit=3"}, "action")
	assert.Equal(t, []string{"resource.create", "user.create"}, actions[:2])
	assert.Len(t, actions, 12, "two tenants, four keys of each")
	found := entriesSeen(t, w.do(t, ask{as: "root", path: "/api/v1/audit?action=user.create"}).
		ok(t, 200))
	require.Len(t, found, 1)
	assert.Nil(t, found[0].TenantID)
	assert.Nil(t, found[0].TenantSlug)
}

type lineSeen struct {
	Begin *struct {
		TenantID tenancy.ID `json:"tenant_id"`
		Seq      int64
		Hash     string
	}
	End *struct {
		Seq  int64
		Hash string
	}
	Seq   int64
	ID    string
	At    time.Time
	Hash  string
	Entry json.RawMessage
}

func TestAnExportOfTheLogVerifies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, "/api/v1/prompts/p%3C%E2%80%A8%3E", aPrompt)
	g := w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/audit/export"}).ok(t, 200)
	assert.Equal(t, "application/jsonl", g.header.Get("Content-Type"))
	lines := strings.Split(strings.TrimSuffix(string(g.body), "\n"), "\n")
	var chain tenancy.AuditChain
	for i, text := range lines {
		var line lineSeen
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		switch {
		case i == 0:
			require.NotNil(t, line.Begin, text)
			assert.Equal(t, w.tenants["acme"].ID, line.Begin.TenantID)
			assert.Zero(t, line.Begin.Seq)
		case i == len(lines)-1:
			require.NotNil(t, line.End, text)
			assert.Equal(t, chain.Seq, line.End.Seq)
			assert.Equal(t, hex.EncodeToString(chain.Hash[:]), line.End.Hash)
		default:
			e := tenancy.AuditEntry{Seq: line.Seq, ID: line.ID, At: line.At,
				Tenant: w.tenants["acme"].ID, Text: line.Entry}
			_, err := hex.Decode(e.Hash[:], []byte(line.Hash))
			require.NoError(t, err)
			require.NoError(t, chain.Next(e))
		}
	}
	assert.Equal(t, int64(len(lines)-2), chain.Seq)
}

// mangled is a log in which somebody has put text that would look like lines.
type mangled struct {
	ports.Audit
	text string
}

func (m mangled) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	return m.Audit.Export(ctx, tenant, q, begin, func(e tenancy.AuditEntry) error {
		e.Text = json.RawMessage(m.text)
		return yield(e)
	})
}

func TestAnEntryIsOneLineWhateverStandsInIt(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{}}\n{\"end\":{\"seq\":1,\"hash\":\"\"}}\n", "{\n}", " {}", "",
		"nonsense"} {
		services := memory.New(testKinds(), memory.Options{}).Services()
		services.Audit = mangled{services.Audit, text}
		w := newWorldOver(t, services)
		g := w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/audit/export"}).ok(t, 200)
		lines := strings.Split(strings.TrimSuffix(string(g.body), "\n"), "\n")
		require.Len(t, lines, 7, "five entries between beginning and end")
		var line struct{ Entry string }
		require.NoError(t, json.Unmarshal([]byte(lines[1]), &line))
		assert.Equal(t, text, line.Entry)
	}
}
