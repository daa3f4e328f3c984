package httpapitest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditEntries returns a tenant's audit log, newest first.
func auditEntries(t *testing.T, reg *apitest.Registry, slug string) []tenancy.AuditEntry {
	t.Helper()
	found, err := reg.Services.Audit.List(t.Context(), reg.Tenants[slug].ID,
		ports.AuditQuery{Limit: 1000})
	require.NoError(t, err)
	return found
}

// newestEntry returns the newest entry of a tenant's audit log.
func newestEntry(t *testing.T, reg *apitest.Registry, slug string) tenancy.AuditEntry {
	t.Helper()
	all := auditEntries(t, reg, slug)
	require.NotEmpty(t, all)
	return all[0]
}

// platformEntries returns the entries that belong to no tenant, newest first.
func platformEntries(t *testing.T, reg *apitest.Registry) []tenancy.AuditEntry {
	t.Helper()
	found, err := reg.Services.PlatformAudit.List(t.Context(),
		ports.PlatformAuditQuery{Limit: 1000})
	require.NoError(t, err)
	var own []tenancy.AuditEntry
	for _, e := range found {
		if e.Tenant.IsZero() {
			own = append(own, e)
		}
	}
	return own
}

func TestDenialIsAuditedInTheCallersTenant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  apitest.Request
		code tenancy.Code
		in   string // the tenant whose log has the entry; "" is the platform's log
	}{
		"a role that is too low": {
			apitest.Put("acme-viewer", "/api/v1/prompts/x", apitest.PromptBody),
			tenancy.CodeForbidden, "acme"},
		"a key of another tenant": {
			apitest.Request{As: "beta-admin", Path: "/api/v1/agents", Tenant: "acme"},
			tenancy.CodeTenantMismatch, "beta"},
		"a key of another in the path": {
			apitest.Get("beta-admin", "/api/v1/tenants/acme/keys"),
			tenancy.CodeTenantMismatch, "beta"},
		"no credentials": {apitest.Request{Path: "/api/v1/agents", Tenant: "acme"},
			tenancy.CodeUnauthenticated, ""},
		"an unknown key": {
			apitest.Request{As: "Bearer " + tenancy.NewKeySecret(), Path: "/api/v1/agents",
				Tenant: "acme"},
			tenancy.CodeUnauthenticated, ""},
		"an unknown tenant": {
			apitest.Request{As: "root", Path: "/api/v1/agents", Tenant: "unknown"},
			tenancy.CodeTenantNotFound,
			""},
		"an operation for super-admins": {
			apitest.Post("acme-admin", "/api/v1/tenants", `{"slug":"mine","name":"M"}`),
			tenancy.CodeForbidden, "acme"},
		"an admin that changes the state": {
			apitest.Put("acme-admin", "/api/v1/tenants/acme", `{"state":"suspended"}`),
			tenancy.CodeForbidden, "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := apitest.New(t)
			others := map[string]int{"acme": len(auditEntries(t, reg, "acme")),
				"beta": len(auditEntries(t, reg, "beta"))}
			c.ask.Header = map[string]string{"X-Request-ID": "the-request"}
			res := reg.Do(t, c.ask)
			assert.Equal(t, c.code, apitest.Decode[apitest.Problem](t, res).Code)

			var e tenancy.AuditEntry
			if c.in == "" {
				require.NotEmpty(t, platformEntries(t, reg))
				e = platformEntries(t, reg)[0]
			} else {
				e = newestEntry(t, reg, c.in)
				delete(others, c.in)
			}
			assert.Equal(t, tenancy.Denied, e.Outcome)
			assert.Equal(t, "the-request", e.RequestID)
			assert.Equal(t, "127.0.0.1", e.Address)
			assert.Contains(t, string(e.Details), string(c.code))
			assert.NotContains(t, string(e.Text), "bwk_")
			for slug, before := range others {
				assert.Len(t, auditEntries(t, reg, slug), before,
					"the audit log of %s has a new entry",
					slug)
			}
		})
	}
}

func TestDenialInForeignTenantIsAuditedLikeUnknownTenant(t *testing.T) {
	t.Parallel()
	reg := apitest.NewWithUsers(t)
	before := len(auditEntries(t, reg, "acme"))
	for _, tenant := range []string{"acme", "unknown"} {
		reg.Do(t, apitest.Request{As: "user:admin@beta", Path: "/api/v1/agents", Tenant: tenant}).
			WantProblem(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
		assert.Equal(t, "u admin@beta", platformEntries(t, reg)[0].Actor.ID)
	}
	assert.Len(t, auditEntries(t, reg, "acme"), before)
	assert.Len(t, platformEntries(t, reg), 2)
}

func TestRepeatedDenialsAreCountedInsteadOfAudited(t *testing.T) {
	t.Parallel()
	now := time.Now()
	reg := apitest.New(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	for range 100 {
		reg.Do(t, apitest.Get("Bearer x", "/api/v1/me")).
			WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	}
	assert.Len(t, platformEntries(t, reg), 20)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/keys")).
		WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
	assert.Contains(t, string(newestEntry(t, reg, "acme").Details), `"untold":80`)
	now = now.Add(time.Minute)
	reg.Do(t, apitest.Get("Bearer x", "/api/v1/me")).
		WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	assert.Len(t, platformEntries(t, reg), 21)
}

func TestAuditedPathIsShortenedWithoutQuery(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Get("", "/api/v1/prompts/"+strings.Repeat("x", 4000)+"?q=secret")).
		WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	text := string(platformEntries(t, reg)[0].Text)
	assert.Less(t, len(text), 1000)
	assert.NotContains(t, text, "secret")
}

func TestSuperAdminsReadIsAudited(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/prompts/x", "/api/v1/discovery",
		"/api/v1/tenants/acme/export", "/api/v1/tenants/acme/keys"} {
		before := len(auditEntries(t, reg, "acme"))
		reg.Do(t, apitest.Request{As: "root", Path: path, Tenant: "acme",
			Header: map[string]string{"X-Reason": "ticket 7"}}).Want(t, http.StatusOK)
		all := auditEntries(t, reg, "acme")
		require.Len(t, all, before+1, path)
		assert.Equal(t, tenancy.PlatformToken, all[0].Actor.Kind)
		assert.Contains(t, string(all[0].Details), `"reason":"ticket 7"`)
		reg.Do(t, apitest.Get("acme-admin", path)).Want(t, http.StatusOK)
		assert.Len(t, auditEntries(t, reg, "acme"), before+1,
			"a member's read isn't audited")
	}
	before := len(auditEntries(t, reg, "acme"))
	reg.Do(t, apitest.Get("root", "/api/v1/tenants/acme")).Want(t, http.StatusOK)
	assert.Len(t, auditEntries(t, reg, "acme"), before,
		"reading the tenant's own record isn't audited")
}

func TestSuperAdminNeedsReasonIfTenantRequiresIt(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme",
		`{"settings":{"require_reason":true}}`)).Want(t, http.StatusOK)
	for _, req := range []apitest.Request{
		{Path: "/api/v1/prompts"}, {Path: "/api/v1/tenants/acme/export"},
		{Method: http.MethodPut, Path: "/api/v1/prompts/x", Body: apitest.PromptBody},
		{Method: http.MethodPut, Path: "/api/v1/tenants/acme", Body: `{"state":"suspended"}`},
		{Method: http.MethodPost, Path: "/api/v1/tenants/acme/keys",
			Body: `{"name":"k","role":"admin"}`},
		{Method: http.MethodDelete, Path: "/api/v1/tenants/acme"},
	} {
		req.As, req.Tenant = "root", "acme"
		reg.Do(t, req).WantProblem(t, http.StatusBadRequest, tenancy.CodeReasonRequired)
		e := newestEntry(t, reg, "acme")
		assert.Equal(t, tenancy.Denied, e.Outcome, "%s %s", req.Method, req.Path)
		req.Header = map[string]string{"X-Reason": "ticket 8"}
		res := reg.Do(t, req)
		assert.Less(t, res.Status, 300, "%s %s: %s", req.Method, req.Path, res.Body)
		e = newestEntry(t, reg, "acme")
		assert.Contains(t, string(e.Details), `"reason":"ticket 8"`, "%s %s", req.Method, req.Path)
		assert.Equal(t, tenancy.PlatformToken, e.Actor.Kind)
		if strings.Contains(req.Body, "suspended") {
			reg.Do(t, apitest.Request{As: "root", Method: http.MethodPut, Path: req.Path,
				Body: `{"state":"active"}`, Header: req.Header}).Want(t, http.StatusOK)
		}
	}
}

func TestMemberNeedsNoReason(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme",
		`{"settings":{"require_reason":true}}`)).Want(t, http.StatusOK)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).Want(t, http.StatusOK)
}

func TestUnreadableReasonSettingRequiresReason(t *testing.T) {
	t.Parallel()
	for value, required := range map[string]bool{`false`: false, `null`: false, `true`: true,
		`"no"`: true, `0`: true, `{}`: true} {
		reg := apitest.New(t)
		reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme",
			fmt.Sprintf(`{"settings":{"require_reason":%s}}`, value))).Want(t, http.StatusOK)
		res := reg.Do(t, apitest.Request{As: "root", Path: "/api/v1/prompts", Tenant: "acme"})
		assert.Equal(t, required, res.Status == http.StatusBadRequest, value)
	}
}

func TestReasonMustBeOneLine(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, reason := range []string{"", "a\tb", strings.Repeat("x", 257), "\xff"} {
		res := reg.Do(t, apitest.Request{As: "root", Path: "/api/v1/prompts", Tenant: "acme",
			Header: map[string]string{"X-Reason": reason}})
		res.WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
	}
}

// failingAudit is an audit log whose Append fails.
type failingAudit struct{ ports.Audit }

func (failingAudit) Append(context.Context, tenancy.ID, tenancy.Event) error {
	return errors.New("no room on the disk")
}

func TestSuperAdminCannotReadWithoutAudit(t *testing.T) {
	t.Parallel()
	services := memory.New(apitest.Kinds(), memory.Options{}).Services()
	services.Audit = failingAudit{services.Audit}
	reg := apitest.NewOver(t, services)
	reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/tenants/acme/export"} {
		reg.Do(t, apitest.Request{As: "root", Path: path, Tenant: "acme"}).
			WantProblem(t, http.StatusInternalServerError, tenancy.CodeInternal)
	}
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).Want(t, http.StatusOK)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/keys")).
		WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
}
