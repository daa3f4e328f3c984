package commands_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestErrorSaysEachFaultOnceInItsOwnLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ problem, want string }{
		"detail without a fault": {`"detail":"no such item"`, "not_found: no such item"},
		"one fault that the detail repeats": {
			`"detail":"X","errors":[{"path":"/slug","code":"c","detail":"X"}]`,
			"not_found: /slug: X"},
		"one fault that the detail names with its path": {
			`"detail":"/slug X","errors":[{"path":"/slug","code":"c","detail":"X"}]`,
			"not_found: /slug X"},
		"one fault apart from the detail": {
			`"detail":"D","errors":[{"path":"/slug","code":"c","detail":"X"}]`,
			"not_found: D\n  /slug: X"},
		"several faults": {
			`"detail":"/a X (and 1 more)","errors":[{"path":"/a","detail":"X"},
				{"path":"/b","detail":"Y"}]`,
			"not_found: 2 faults\n  /a: X\n  /b: Y"},
		"a list that was cut": {
			`"detail":"D","truncated":true,"errors":[{"path":"/a","detail":"X"},
				{"path":"/b","detail":"Y"}]`,
			"not_found: D\n  /a: X\n  /b: Y\n  … and more: these are the first 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := &harness.FakeRegistry{Refuse: map[string]string{
				"GET /api/v1/tenants/acme": `{"status":404,"code":"not_found",` + test.problem +
					`}`}}
			got := harness.RunLine(t, "tenant", "show", "acme", "--url", registry.Start(t))
			require.Equal(t, cli.ExitRefused, got.Status)
			require.Equal(t, "registry: "+test.want+"\n", got.Err)
		})
	}
}

func TestListThatRepeatsItsCursorIsAnError(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: []byte(`{"items":[],"next_cursor":"c"}`)}
	got := harness.RunLine(t, "key", "list", "--tenant", "acme", "--url", registry.Start(t))
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Contains(t, got.Err, "repeats its cursor")
	require.Len(t, registry.Calls(), 2)
}

func TestAuditListSendsItsFilters(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: []byte(`{"items":[]}`)}
	address := registry.Start(t)
	for _, outcome := range []string{"ok", "denied", "failed"} {
		got := harness.RunLine(t, "audit", "list", "--tenant", "acme", "--outcome", outcome,
			"--url", address)
		require.Equal(t, cli.ExitDone, got.Status, got.Err)
	}
	require.Equal(t, cli.ExitDone, harness.RunLine(t, "audit", "list", "--url", address).Status)
	var want []string
	for _, outcome := range []string{"ok", "denied", "failed"} {
		want = append(want,
			fmt.Sprintf("GET /api/v1/tenants/acme/audit?limit=100&outcome=%s", outcome))
	}
	require.Equal(t, append(want, "GET /api/v1/audit?limit=100"), registry.Calls())
	require.Equal(t, cli.ExitUsage,
		harness.RunLine(t, "audit", "list", "--outcome", "maybe", "--url", address).Status)
}

// A registry replaces quotas as a whole.
func TestTenantUpdateKeepsOtherQuotas(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ flags, want string }{
		"requests":  {"--requests-per-second=9", `{"resources":{"agent":2,"prompt":3},"requests_per_second":9}`},
		"one kind":  {"--quota=agent=7", `{"resources":{"agent":7,"prompt":3},"requests_per_second":5}`},
		"no quotas": {"--no-quotas", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := &harness.FakeRegistry{Bundle: []byte(`{}`), Tenant: `{"id":"i","quotas":
				{"resources":{"agent":2,"prompt":3},"requests_per_second":5}}`}
			got := harness.RunLine(t, "tenant", "update", "acme", test.flags, "--url",
				registry.Start(t))
			require.Equal(t, cli.ExitDone, got.Status, got.Err)
			sent := string(registry.Items["tenants/acme"])
			require.JSONEq(t, test.want, strings.TrimSuffix(
				strings.TrimPrefix(sent, `{"quotas":`), "}"))
		})
	}
}
