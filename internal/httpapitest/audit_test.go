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
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type auditEntry struct {
	ID, At, Action, IP, Outcome string
	Seq                         int64
	TenantID                    *string `json:"tenant_id"`
	TenantSlug                  *string `json:"tenant_slug"`
	RequestID                   string  `json:"request_id"`
	Actor                       struct{ Kind, ID, Name string }
	Target                      struct{ Kind, Name string }
	Details                     map[string]any
}

func decodeEntries(t *testing.T, res apitest.Response) []auditEntry {
	t.Helper()
	return apitest.Decode[struct{ Items []auditEntry }](t, res).Items
}

func TestAuditEntryHasActorTargetAndAddress(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	put := reg.Put(t, "/api/v1/prompts/greeting", apitest.PromptBody)
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme", `{"name":"Acme"}`)).Want(t, 200)
	found := decodeEntries(t,
		reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/audit?limit=2")).Want(t, 200))
	require.Len(t, found, 2)
	change, create := found[0], found[1]
	assert.Equal(t, "tenant.update", change.Action)
	assert.Equal(t, "platform", change.Actor.Kind)
	assert.Equal(t, "resource.create", create.Action)
	assert.Equal(t, "key", create.Actor.Kind)
	assert.Equal(t, "editor", create.Actor.Name)
	assert.Equal(t, "greeting", create.Target.Name)
	assert.Equal(t, put.Header.Get("X-Request-ID"), create.RequestID)
	assert.Equal(t, "127.0.0.1", create.IP)
	assert.Equal(t, "ok", create.Outcome)
	assert.Equal(t, "acme", *create.TenantSlug)
	assert.Equal(t, reg.Tenants["acme"].ID.String(), *create.TenantID)
	assert.Contains(t, create.Details["after"], "sha256:")
}

func TestAuditListIsFilteredAndPaged(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for i := range 5 {
		reg.Put(t, fmt.Sprintf("/api/v1/prompts/p%d", i), apitest.PromptBody)
	}
	reg.Do(t, apitest.Delete("acme-admin", "/api/v1/prompts/p0")).Want(t, 204)
	const path = "/api/v1/tenants/acme/audit"
	actions := reg.Pages(t, apitest.Get("acme-admin", path+"?limit=2&action=resource.create"),
		"action")
	assert.Equal(t, []string{"resource.create", "resource.create", "resource.create",
		"resource.create", "resource.create"}, actions)
	all := decodeEntries(t, reg.Do(t, apitest.Get("acme-admin", path)).Want(t, 200))
	first := all[len(all)-1]
	assert.Equal(t, "tenant.create", first.Action)
	assert.Equal(t, []string{"resource.delete"},
		reg.Pages(t, apitest.Get("acme-admin", path+"?actor="+all[0].Actor.ID),
			"action"))
	since := url.QueryEscape(all[0].At)
	assert.Equal(t, []string{"resource.delete"},
		reg.Pages(t, apitest.Get("acme-admin", path+"?action=resource.delete&since="+since),
			"action"))
	assert.Empty(t, reg.Pages(t,
		apitest.Get("acme-admin", path+"?action=resource.delete&until="+since), "action"))

	for _, query := range []string{"since=yesterday", "until=2026-13-01T00:00:00Z", "since=",
		"since=0001-01-01T00:00:00Z"} {
		reg.Do(t, apitest.Get("acme-admin", path+"?"+query)).
			WantProblem(t, 422, tenancy.CodeInvalid)
	}
	cursor := apitest.Decode[struct {
		Next string `json:"next_cursor"`
	}](t, reg.Do(t, apitest.Get("acme-admin", path+"?limit=1")).Want(t, 200)).Next
	reg.Do(t, apitest.Get("beta-admin", "/api/v1/tenants/beta/audit?limit=1&cursor="+cursor)).
		WantProblem(t, 400, tenancy.CodeInvalidCursor)
	reg.Do(t, apitest.Get("acme-admin", path+"?limit=1&action=x&cursor="+cursor)).
		WantProblem(t, 400, tenancy.CodeInvalidCursor)
	reg.Do(t, apitest.Get("root", "/api/v1/audit?limit=1&cursor="+cursor)).
		WantProblem(t, 400, tenancy.CodeInvalidCursor)
}

func TestAuditLogIsForAdminsOnly(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, path := range []string{"/api/v1/tenants/acme/audit",
		"/api/v1/tenants/acme/audit/export"} {
		for _, caller := range []string{"acme-viewer", "acme-editor", "acme-replicator"} {
			reg.Do(t, apitest.Get(caller, path)).WantProblem(t, 403, tenancy.CodeForbidden)
		}
		reg.Do(t, apitest.Get("", path)).WantProblem(t, 401, tenancy.CodeUnauthenticated)
		reg.Do(t, apitest.Get("acme-admin", path)).Want(t, 200)
		reg.Do(t, apitest.Get("root", path)).Want(t, 200)
		reg.Do(t, apitest.Request{As: "root", Method: "HEAD", Path: path}).Want(t, 200)
	}
	for _, caller := range []string{"acme-admin", "acme-viewer"} {
		reg.Do(t, apitest.Get(caller, "/api/v1/audit")).WantProblem(t, 403, tenancy.CodeForbidden)
	}
}

func TestPlatformAuditListsAllTenants(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	require.NoError(t, reg.Services.PlatformAudit.Append(context.Background(), tenancy.Event{
		Action: "user.create", Target: tenancy.AuditTarget{Kind: "user", Name: "ada"}}))
	reg.Put(t, "/api/v1/prompts/p", apitest.PromptBody)
	actions := reg.Pages(t, apitest.Get("root", "/api/v1/audit?limit=3"), "action")
	assert.Equal(t, []string{"resource.create", "user.create"}, actions[:2])
	assert.Len(t, actions, 12, "two tenants, four keys of each")
	found := decodeEntries(t, reg.Do(t, apitest.Get("root", "/api/v1/audit?action=user.create")).
		Want(t, 200))
	require.Len(t, found, 1)
	assert.Nil(t, found[0].TenantID)
	assert.Nil(t, found[0].TenantSlug)
}

type exportLine struct {
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

func TestAuditExportVerifies(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/p%3C%C3%A9%3E", apitest.PromptBody)
	res := reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/audit/export")).Want(t, 200)
	assert.Equal(t, "application/jsonl", res.Header.Get("Content-Type"))
	lines := strings.Split(strings.TrimSuffix(string(res.Body), "\n"), "\n")
	var chain tenancy.AuditChain
	for i, text := range lines {
		var line exportLine
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		switch {
		case i == 0:
			require.NotNil(t, line.Begin, text)
			assert.Equal(t, reg.Tenants["acme"].ID, line.Begin.TenantID)
			assert.Zero(t, line.Begin.Seq)
		case i == len(lines)-1:
			require.NotNil(t, line.End, text)
			assert.Equal(t, chain.Seq, line.End.Seq)
			assert.Equal(t, hex.EncodeToString(chain.Hash[:]), line.End.Hash)
		default:
			e := tenancy.AuditEntry{Seq: line.Seq, ID: line.ID, At: line.At,
				Tenant: reg.Tenants["acme"].ID, Text: line.Entry}
			_, err := hex.Decode(e.Hash[:], []byte(line.Hash))
			require.NoError(t, err)
			require.NoError(t, chain.Next(e))
		}
	}
	assert.Equal(t, int64(len(lines)-2), chain.Seq)
}

// changedEntries is an audit log whose stored texts were replaced by text.
type changedEntries struct {
	ports.Audit
	text string
}

func (m changedEntries) Export(
	ctx context.Context, tenant tenancy.ID, q ports.AuditQuery,
	begin func(first, last tenancy.AuditChain) error, yield func(tenancy.AuditEntry) error,
) error {
	return m.Audit.Export(ctx, tenant, q, begin, func(e tenancy.AuditEntry) error {
		e.Text = json.RawMessage(m.text)
		return yield(e)
	})
}

func TestAuditExportWritesEveryEntryAsOneLine(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{}}\n{\"end\":{\"seq\":1,\"hash\":\"\"}}\n", "{\n}", " {}", "",
		"nonsense"} {
		services := memory.New(apitest.Kinds(), memory.Options{}).Services()
		services.Audit = changedEntries{services.Audit, text}
		reg := apitest.NewOver(t, services)
		res := reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/audit/export")).
			Want(t, 200)
		lines := strings.Split(strings.TrimSuffix(string(res.Body), "\n"), "\n")
		require.Len(t, lines, 7, "five entries between beginning and end")
		var line struct{ Entry string }
		require.NoError(t, json.Unmarshal([]byte(lines[1]), &line))
		assert.Equal(t, text, line.Entry)
	}
}
