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

// entries is a tenant's audit log, the newest first.
func (w *world) entries(t *testing.T, slug string) []tenancy.AuditEntry {
	t.Helper()
	found, err := w.services.Audit.List(t.Context(), w.tenants[slug].ID,
		ports.AuditQuery{Limit: 1000})
	require.NoError(t, err)
	return found
}

// newest is the last thing that stands in a tenant's log.
func (w *world) newest(t *testing.T, slug string) tenancy.AuditEntry {
	t.Helper()
	all := w.entries(t, slug)
	require.NotEmpty(t, all)
	return all[0]
}

// ofPlatform are the entries that belong to no tenant, the newest first.
func (w *world) ofPlatform(t *testing.T) []tenancy.AuditEntry {
	t.Helper()
	found, err := w.services.PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{Limit: 1000})
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
		ask  ask
		code tenancy.Code
		in   string // the tenant in whose log it stands, or none
	}{
		"a role that is too small": {
			ask{as: "acme-viewer", method: http.MethodPut, path: "/api/v1/prompts/x",
				body: aPrompt}, tenancy.CodeForbidden, "acme"},
		"a key of another tenant": {
			ask{as: "beta-admin", path: "/api/v1/agents", tenant: "acme"},
			tenancy.CodeTenantMismatch, "beta"},
		"a key of another in the path": {ask{as: "beta-admin", path: "/api/v1/tenants/acme/keys"},
			tenancy.CodeTenantMismatch, "beta"},
		"no credentials": {ask{path: "/api/v1/agents", tenant: "acme"},
			tenancy.CodeUnauthenticated, ""},
		"a key that isn't known": {
			ask{as: "Bearer " + tenancy.NewKeySecret(), path: "/api/v1/agents", tenant: "acme"},
			tenancy.CodeUnauthenticated, ""},
		"a tenant that isn't there": {
			ask{as: "root", path: "/api/v1/agents", tenant: "unknown"}, tenancy.CodeTenantNotFound,
			""},
		"what only super-admins may": {
			ask{as: "acme-admin", method: http.MethodPost, path: "/api/v1/tenants",
				body: `{"slug":"mine","name":"M"}`}, tenancy.CodeForbidden, "acme"},
		"an admin who changes the state": {
			ask{as: "acme-admin", method: http.MethodPut, path: "/api/v1/tenants/acme",
				body: `{"state":"suspended"}`}, tenancy.CodeForbidden, "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			others := map[string]int{"acme": len(w.entries(t, "acme")),
				"beta": len(w.entries(t, "beta"))}
			c.ask.header = map[string]string{"X-Request-ID": "the-request"}
			g := w.do(t, c.ask)
			assert.Equal(t, c.code, read[problem](t, g).Code)

			var e tenancy.AuditEntry
			if c.in == "" {
				require.NotEmpty(t, w.ofPlatform(t))
				e = w.ofPlatform(t)[0]
			} else {
				e = w.newest(t, c.in)
				delete(others, c.in)
			}
			assert.Equal(t, tenancy.Denied, e.Outcome)
			assert.Equal(t, "the-request", e.RequestID)
			assert.Equal(t, "127.0.0.1", e.Address)
			assert.Contains(t, string(e.Details), string(c.code))
			assert.NotContains(t, string(e.Text), "bwk_")
			for slug, before := range others {
				assert.Len(t, w.entries(t, slug), before, "an outsider wrote into %s's log", slug)
			}
		})
	}
}

func TestAForeignTenantIsDeniedInTheSamePlaceAsNone(t *testing.T) {
	t.Parallel()
	w := newWorldOfUsers(t)
	before := len(w.entries(t, "acme"))
	for _, tenant := range []string{"acme", "unknown"} {
		w.do(t, ask{as: "user:admin@beta", path: "/api/v1/agents", tenant: tenant}).
			refused(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
		assert.Equal(t, "u admin@beta", w.ofPlatform(t)[0].Actor.ID)
	}
	assert.Len(t, w.entries(t, "acme"), before)
	assert.Len(t, w.ofPlatform(t), 2)
}

func TestWhoGuessesAllDayIsCountedAndNotWrittenDownEachTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWorld(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	for range 100 {
		w.do(t, ask{as: "Bearer x", path: "/api/v1/me"}).
			refused(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	}
	assert.Len(t, w.ofPlatform(t), 20)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants/acme/keys"}).
		refused(t, http.StatusForbidden, tenancy.CodeForbidden)
	assert.Contains(t, string(w.newest(t, "acme").Details), `"untold":80`)
	now = now.Add(time.Minute)
	w.do(t, ask{as: "Bearer x", path: "/api/v1/me"}).
		refused(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	assert.Len(t, w.ofPlatform(t), 21)
}

func TestWhatIsAskedForIsCutBeforeItIsWrittenDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, ask{path: "/api/v1/prompts/" + strings.Repeat("x", 4000) + "?q=secret"}).
		refused(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	text := string(w.ofPlatform(t)[0].Text)
	assert.Less(t, len(text), 1000)
	assert.NotContains(t, text, "secret")
}

func TestASuperAdminWhoReadsInATenantStandsInItsLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, "/api/v1/prompts/x", aPrompt)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/prompts/x", "/api/v1/discovery",
		"/api/v1/tenants/acme/export", "/api/v1/tenants/acme/keys"} {
		before := len(w.entries(t, "acme"))
		w.do(t, ask{as: "root", path: path, tenant: "acme",
			header: map[string]string{"X-Reason": "ticket 7"}}).ok(t, http.StatusOK)
		all := w.entries(t, "acme")
		require.Len(t, all, before+1, path)
		assert.Equal(t, tenancy.PlatformToken, all[0].Actor.Kind)
		assert.Contains(t, string(all[0].Details), `"reason":"ticket 7"`)
		w.do(t, ask{as: "acme-admin", path: path}).ok(t, http.StatusOK)
		assert.Len(t, w.entries(t, "acme"), before+1, "who belongs there reads without a word")
	}
	before := len(w.entries(t, "acme"))
	w.do(t, ask{as: "root", path: "/api/v1/tenants/acme"}).ok(t, http.StatusOK)
	assert.Len(t, w.entries(t, "acme"), before, "that there is a tenant is no secret of its own")
}

func TestATenantThatAsksForAReasonIsGivenOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, ask{as: "acme-admin", method: http.MethodPut, path: "/api/v1/tenants/acme",
		body: `{"settings":{"require_reason":true}}`}).ok(t, http.StatusOK)
	for _, a := range []ask{
		{path: "/api/v1/prompts"}, {path: "/api/v1/tenants/acme/export"},
		{method: http.MethodPut, path: "/api/v1/prompts/x", body: aPrompt},
		{method: http.MethodPut, path: "/api/v1/tenants/acme", body: `{"state":"suspended"}`},
		{method: http.MethodPost, path: "/api/v1/tenants/acme/keys",
			body: `{"name":"k","role":"admin"}`},
		{method: http.MethodDelete, path: "/api/v1/tenants/acme"},
	} {
		a.as, a.tenant = "root", "acme"
		w.do(t, a).refused(t, http.StatusBadRequest, tenancy.CodeReasonRequired)
		e := w.newest(t, "acme")
		assert.Equal(t, tenancy.Denied, e.Outcome, "%s %s", a.method, a.path)
		a.header = map[string]string{"X-Reason": "ticket 8"}
		g := w.do(t, a)
		assert.Less(t, g.status, 300, "%s %s: %s", a.method, a.path, g.body)
		e = w.newest(t, "acme")
		assert.Contains(t, string(e.Details), `"reason":"ticket 8"`, "%s %s", a.method, a.path)
		assert.Equal(t, tenancy.PlatformToken, e.Actor.Kind)
		if strings.Contains(a.body, "suspended") {
			w.do(t, ask{as: "root", method: http.MethodPut, path: a.path,
				body: `{"state":"active"}`, header: a.header}).ok(t, http.StatusOK)
		}
	}
}

func TestWhoBelongsToATenantNeedsNoReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, ask{as: "acme-admin", method: http.MethodPut, path: "/api/v1/tenants/acme",
		body: `{"settings":{"require_reason":true}}`}).ok(t, http.StatusOK)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).ok(t, http.StatusOK)
}

func TestASettingThatCantBeReadAsksForAReason(t *testing.T) {
	t.Parallel()
	for value, asks := range map[string]bool{`false`: false, `null`: false, `true`: true,
		`"no"`: true, `0`: true, `{}`: true} {
		w := newWorld(t)
		w.do(t, ask{as: "acme-admin", method: http.MethodPut, path: "/api/v1/tenants/acme",
			body: fmt.Sprintf(`{"settings":{"require_reason":%s}}`, value)}).ok(t, http.StatusOK)
		g := w.do(t, ask{as: "root", path: "/api/v1/prompts", tenant: "acme"})
		assert.Equal(t, asks, g.status == http.StatusBadRequest, value)
	}
}

func TestAReasonIsOneLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, reason := range []string{"", "a\tb", strings.Repeat("x", 257), "\xff"} {
		g := w.do(t, ask{as: "root", path: "/api/v1/prompts", tenant: "acme",
			header: map[string]string{"X-Reason": reason}})
		g.refused(t, http.StatusUnprocessableEntity, tenancy.CodeInvalid)
	}
}

// deafAudit is a log that can't be written to.
type deafAudit struct{ ports.Audit }

func (deafAudit) Append(context.Context, tenancy.ID, tenancy.Event) error {
	return errors.New("no room on the disk")
}

func TestASuperAdminWhoCantBeWrittenDownDoesntRead(t *testing.T) {
	t.Parallel()
	services := memory.New(testKinds(), memory.Options{}).Services()
	services.Audit = deafAudit{services.Audit}
	w := newWorldOver(t, services)
	w.put(t, "/api/v1/prompts/x", aPrompt)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/tenants/acme/export"} {
		w.do(t, ask{as: "root", path: path, tenant: "acme"}).
			refused(t, http.StatusInternalServerError, tenancy.CodeInternal)
	}
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).ok(t, http.StatusOK)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants/acme/keys"}).
		refused(t, http.StatusForbidden, tenancy.CodeForbidden)
}
