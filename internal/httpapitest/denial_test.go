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
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditEntries is a tenant's audit log, the newest first.
func auditEntries(t *testing.T, w *Registry, slug string) []tenancy.AuditEntry {
	t.Helper()
	found, err := w.Services.Audit.List(t.Context(), w.Tenants[slug].ID,
		ports.AuditQuery{Limit: 1000})
	require.NoError(t, err)
	return found
}

// newestEntry is the last thing that stands in a tenant's log.
func newestEntry(t *testing.T, w *Registry, slug string) tenancy.AuditEntry {
	t.Helper()
	all := auditEntries(t, w, slug)
	require.NotEmpty(t, all)
	return all[0]
}

// platformEntries are the entries that belong to no tenant, the newest first.
func platformEntries(t *testing.T, w *Registry) []tenancy.AuditEntry {
	t.Helper()
	found, err := w.Services.PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{Limit: 1000})
	require.NoError(t, err)
	var own []tenancy.AuditEntry
	for _, e := range found {
		if e.Tenant.IsZero() {
			own = append(own, e)
		}
	}
	return own
}

func TestADenialStandsInTheLogOfTheTenantThatTheCallerBelongsTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  Request
		code tenancy.Code
		in   string // the tenant in whose log it stands, or none
	}{
		"a role that is too small": {
			Request{As: "acme-viewer", Method: http.MethodPut, Path: "/api/v1/prompts/x",
				Body: PromptBody}, tenancy.CodeForbidden, "acme"},
		"a key of another tenant": {
			Request{As: "beta-admin", Path: "/api/v1/agents", Tenant: "acme"},
			tenancy.CodeTenantMismatch, "beta"},
		"a key of another in the path": {Request{As: "beta-admin", Path: "/api/v1/tenants/acme/keys"},
			tenancy.CodeTenantMismatch, "beta"},
		"no credentials": {Request{Path: "/api/v1/agents", Tenant: "acme"},
			tenancy.CodeUnauthenticated, ""},
		"a key that isn't known": {
			Request{As: "Bearer " + tenancy.NewKeySecret(), Path: "/api/v1/agents", Tenant: "acme"},
			tenancy.CodeUnauthenticated, ""},
		"a tenant that isn't there": {
			Request{As: "root", Path: "/api/v1/agents", Tenant: "unknown"}, tenancy.CodeTenantNotFound,
			""},
		"what only super-admins may": {
			Request{As: "acme-admin", Method: http.MethodPost, Path: "/api/v1/tenants",
				Body: `{"slug":"mine","name":"M"}`}, tenancy.CodeForbidden, "acme"},
		"an admin who changes the state": {
			Request{As: "acme-admin", Method: http.MethodPut, Path: "/api/v1/tenants/acme",
				Body: `{"state":"suspended"}`}, tenancy.CodeForbidden, "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := New(t)
			others := map[string]int{"acme": len(auditEntries(t, w, "acme")),
				"beta": len(auditEntries(t, w, "beta"))}
			c.ask.Header = map[string]string{"X-Request-ID": "the-request"}
			g := w.Do(t, c.ask)
			assert.Equal(t, c.code, Decode[Problem](t, g).Code)

			var e tenancy.AuditEntry
			if c.in == "" {
				require.NotEmpty(t, platformEntries(t, w))
				e = platformEntries(t, w)[0]
			} else {
				e = newestEntry(t, w, c.in)
				delete(others, c.in)
			}
			assert.Equal(t, tenancy.Denied, e.Outcome)
			assert.Equal(t, "the-request", e.RequestID)
			assert.Equal(t, "127.0.0.1", e.Address)
			assert.Contains(t, string(e.Details), string(c.code))
			assert.NotContains(t, string(e.Text), "bwk_")
			for slug, before := range others {
				assert.Len(t, auditEntries(t, w, slug), before, "an outsider wrote into %s's log", slug)
			}
		})
	}
}

func TestAForeignTenantIsDeniedInTheSamePlaceAsNone(t *testing.T) {
	t.Parallel()
	w := NewWithUsers(t)
	before := len(auditEntries(t, w, "acme"))
	for _, tenant := range []string{"acme", "unknown"} {
		w.Do(t, Request{As: "user:admin@beta", Path: "/api/v1/agents", Tenant: tenant}).
			WantProblem(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
		assert.Equal(t, "u admin@beta", platformEntries(t, w)[0].Actor.ID)
	}
	assert.Len(t, auditEntries(t, w, "acme"), before)
	assert.Len(t, platformEntries(t, w), 2)
}

func TestWhoGuessesAllDayIsCountedAndNotWrittenDownEachTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := New(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	for range 100 {
		w.Do(t, Request{As: "Bearer x", Path: "/api/v1/me"}).
			WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	}
	assert.Len(t, platformEntries(t, w), 20)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/tenants/acme/keys"}).
		WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
	assert.Contains(t, string(newestEntry(t, w, "acme").Details), `"untold":80`)
	now = now.Add(time.Minute)
	w.Do(t, Request{As: "Bearer x", Path: "/api/v1/me"}).
		WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	assert.Len(t, platformEntries(t, w), 21)
}

func TestWhatIsAskedForIsCutBeforeItIsWrittenDown(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Do(t, Request{Path: "/api/v1/prompts/" + strings.Repeat("x", 4000) + "?q=secret"}).
		WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	text := string(platformEntries(t, w)[0].Text)
	assert.Less(t, len(text), 1000)
	assert.NotContains(t, text, "secret")
}

func TestASuperAdminWhoReadsInATenantStandsInItsLog(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Put(t, "/api/v1/prompts/x", PromptBody)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/prompts/x", "/api/v1/discovery",
		"/api/v1/tenants/acme/export", "/api/v1/tenants/acme/keys"} {
		before := len(auditEntries(t, w, "acme"))
		w.Do(t, Request{As: "root", Path: path, Tenant: "acme",
			Header: map[string]string{"X-Reason": "ticket 7"}}).Want(t, http.StatusOK)
		all := auditEntries(t, w, "acme")
		require.Len(t, all, before+1, path)
		assert.Equal(t, tenancy.PlatformToken, all[0].Actor.Kind)
		assert.Contains(t, string(all[0].Details), `"reason":"ticket 7"`)
		w.Do(t, Request{As: "acme-admin", Path: path}).Want(t, http.StatusOK)
		assert.Len(t, auditEntries(t, w, "acme"), before+1, "who belongs there reads without a word")
	}
	before := len(auditEntries(t, w, "acme"))
	w.Do(t, Request{As: "root", Path: "/api/v1/tenants/acme"}).Want(t, http.StatusOK)
	assert.Len(t, auditEntries(t, w, "acme"), before, "that there is a tenant is no secret of its own")
}

func TestATenantThatAsksForAReasonIsGivenOne(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Do(t, Request{As: "acme-admin", Method: http.MethodPut, Path: "/api/v1/tenants/acme",
		Body: `{"settings":{"require_reason":true}}`}).Want(t, http.StatusOK)
	for _, a := range []Request{
		{Path: "/api/v1/prompts"}, {Path: "/api/v1/tenants/acme/export"},
		{Method: http.MethodPut, Path: "/api/v1/prompts/x", Body: PromptBody},
		{Method: http.MethodPut, Path: "/api/v1/tenants/acme", Body: `{"state":"suspended"}`},
		{Method: http.MethodPost, Path: "/api/v1/tenants/acme/keys",
			Body: `{"name":"k","role":"admin"}`},
		{Method: http.MethodDelete, Path: "/api/v1/tenants/acme"},
	} {
		a.As, a.Tenant = "root", "acme"
		w.Do(t, a).WantProblem(t, http.StatusBadRequest, tenancy.CodeReasonRequired)
		e := newestEntry(t, w, "acme")
		assert.Equal(t, tenancy.Denied, e.Outcome, "%s %s", a.Method, a.Path)
		a.Header = map[string]string{"X-Reason": "ticket 8"}
		g := w.Do(t, a)
		assert.Less(t, g.Status, 300, "%s %s: %s", a.Method, a.Path, g.Body)
		e = newestEntry(t, w, "acme")
		assert.Contains(t, string(e.Details), `"reason":"ticket 8"`, "%s %s", a.Method, a.Path)
		assert.Equal(t, tenancy.PlatformToken, e.Actor.Kind)
		if strings.Contains(a.Body, "suspended") {
			w.Do(t, Request{As: "root", Method: http.MethodPut, Path: a.Path,
				Body: `{"state":"active"}`, Header: a.Header}).Want(t, http.StatusOK)
		}
	}
}

func TestWhoBelongsToATenantNeedsNoReason(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Do(t, Request{As: "acme-admin", Method: http.MethodPut, Path: "/api/v1/tenants/acme",
		Body: `{"settings":{"require_reason":true}}`}).Want(t, http.StatusOK)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/prompts"}).Want(t, http.StatusOK)
}

func TestASettingThatCantBeReadAsksForAReason(t *testing.T) {
	t.Parallel()
	for value, asks := range map[string]bool{`false`: false, `null`: false, `true`: true,
		`"no"`: true, `0`: true, `{}`: true} {
		w := New(t)
		w.Do(t, Request{As: "acme-admin", Method: http.MethodPut, Path: "/api/v1/tenants/acme",
			Body: fmt.Sprintf(`{"settings":{"require_reason":%s}}`, value)}).Want(t, http.StatusOK)
		g := w.Do(t, Request{As: "root", Path: "/api/v1/prompts", Tenant: "acme"})
		assert.Equal(t, asks, g.Status == http.StatusBadRequest, value)
	}
}

func TestAReasonIsOneLine(t *testing.T) {
	t.Parallel()
	w := New(t)
	for _, reason := range []string{"", "a\tb", strings.Repeat("x", 257), "\xff"} {
		g := w.Do(t, Request{As: "root", Path: "/api/v1/prompts", Tenant: "acme",
			Header: map[string]string{"X-Reason": reason}})
		g.WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
	}
}

// failingAudit is a log that can't be written to.
type failingAudit struct{ ports.Audit }

func (failingAudit) Append(context.Context, tenancy.ID, tenancy.Event) error {
	return errors.New("no room on the disk")
}

func TestASuperAdminWhoCantBeWrittenDownDoesntRead(t *testing.T) {
	t.Parallel()
	services := memory.New(Kinds(), memory.Options{}).Services()
	services.Audit = failingAudit{services.Audit}
	w := NewOver(t, services)
	w.Put(t, "/api/v1/prompts/x", PromptBody)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/tenants/acme/export"} {
		w.Do(t, Request{As: "root", Path: path, Tenant: "acme"}).
			WantProblem(t, http.StatusInternalServerError, tenancy.CodeInternal)
	}
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/prompts"}).Want(t, http.StatusOK)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/tenants/acme/keys"}).
		WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
}
