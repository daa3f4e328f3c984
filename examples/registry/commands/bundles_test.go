package commands_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/federation"
)

// smallBundle returns a bundle of one prompt.
func smallBundle(t *testing.T) []byte {
	t.Helper()
	return bundleOf(t, federation.Item{Ref: federation.Ref{Kind: "prompt", Name: "p"},
		Spec: json.RawMessage(`{"template":"t"}`)})
}

// bundleOf returns a bundle of these items.
func bundleOf(t *testing.T, items ...federation.Item) []byte {
	t.Helper()
	digester := federation.NewDigester()
	var lines [][]byte
	for _, item := range items {
		item.Version, item.UpdatedAt = 1, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
		sealed, err := item.Seal()
		require.NoError(t, err)
		digester.Add(sealed.Digest)
		lines = append(lines, sealed.AppendJSON(nil))
	}
	var out bytes.Buffer
	m := federation.Manifest{Source: federation.Source{Instance: "i", Tenant: "staging"},
		Count: len(items), Digest: digester.Sum()}
	require.NoError(t, m.Write(&out, bytes.NewReader(bytes.Join(lines, []byte{','}))))
	return out.Bytes()
}

const createReport = `{"import_id":"i","dry_run":false,"counts":{"create":1},
	"items":[{"kind":"prompt","name":"p","action":"create","changes":[]}],"secrets_required":[]}`

func TestExportWritesBundleUnchanged(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: smallBundle(t)}
	address := registry.Start(t)
	got := harness.RunLine(t, "export", "--tenant", "staging", "--url", address, "--kind", "prompt",
		"--label", "a=b")
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, string(registry.Bundle), got.Out)
	require.Equal(t, []string{"GET /api/v1/tenants/staging/export?kind=prompt&label=a%3Db"},
		registry.Calls())

	path := filepath.Join(t.TempDir(), "bundle.json")
	got = harness.RunLine(t, "export", "--tenant", "staging", "--url", address, "-o", path,
		"--json")
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Contains(t, got.Out, `"count":1`)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(registry.Bundle), string(written))
}

// The test requires that no temporary file remains either.
func TestInvalidExportKeepsOldFile(t *testing.T) {
	t.Parallel()
	complete := smallBundle(t)
	for name, registry := range map[string]*harness.FakeRegistry{
		"incomplete bundle": {Bundle: complete, MissingBytes: 10},
		"changed bundle":    {Bundle: bytes.Replace(complete, []byte(`"t"`), []byte(`"u"`), 1)},
		"not a bundle":      {Bundle: []byte(`<html>`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := registry.Start(t)
			path := harness.TextFile(t, "bundle.json", "old")
			got := harness.RunLine(t, "export", "--tenant", "staging", "--url", address, "-o", path)
			require.Equal(t, cli.ExitRefused, got.Status)
			require.Contains(t, got.Err, "invalid or incomplete")
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "old", string(kept))
			files, err := os.ReadDir(filepath.Dir(path))
			require.NoError(t, err)
			require.Len(t, files, 1)
		})
	}
}

func TestImportSendsFileAndPrintsCounts(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Report: createReport}
	address := registry.Start(t)
	path := harness.TextFile(t, "bundle.json", "the bundle")
	got := harness.RunLine(t, "import", path, "--tenant", "production", "--url", address,
		"--strategy", "rename", "--dry-run")
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, "the bundle", string(registry.Imported))
	require.Equal(t, []string{
		"POST /api/v1/tenants/production/import?dry_run=true&strategy=rename"}, registry.Calls())
	require.Equal(t, federation.BundleMediaType, registry.Headers[0].Get("Content-Type"))
	require.Regexp(t, `create +update +unchanged +keep +merge +skip +rename +delete +fail`, got.Out)
	require.Regexp(t, `1 +0 +0 +0 +0 +0 +0 +0 +0`, got.Out)

	got = harness.RunLine(t, "import", path, "--tenant", "production", "--url", address, "--json")
	require.Equal(t, cli.ExitDone, got.Status)
	require.JSONEq(t, createReport, got.Out)
}

func TestRefusedImportPrintsConflicts(t *testing.T) {
	t.Parallel()
	const conflict = `{"status":409,"code":"import_conflict","detail":"1 item differs.",
		"counts":{"create":2,"fail":1},
		"items":[{"kind":"prompt","name":"p","action":"fail",
			"changes":[{"path":"/spec/template","from":"a","to":"b"},{"path":"/spec/x","to":1}]}]}`
	registry := &harness.FakeRegistry{
		Refuse: map[string]string{"POST /api/v1/tenants/production/import": conflict}}
	address := registry.Start(t)
	path := harness.TextFile(t, "bundle.json", "{}")
	got := harness.RunLine(t, "import", path, "--tenant", "production", "--url", address)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Contains(t, got.Out,
		"fail prompt \"p\"\n    /spec/template: \"a\" → \"b\"\n    /spec/x: (absent) → 1\n")
	require.Equal(t, "registry: import_conflict: 1 item differs.\n", got.Err)

	got = harness.RunLine(t, "import", path, "--tenant", "production", "--url", address, "--json")
	require.Equal(t, cli.ExitRefused, got.Status)
	require.JSONEq(t, conflict, got.Out)
}

func TestImportWithFailedItemsExitsWithOne(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]string{
		"conflict in a dry run": `{"dry_run":true,"counts":{"fail":1},
			"items":[{"kind":"prompt","name":"p","action":"fail","changes":[]}],"secrets_required":[]}`,
		"singleton that can't be renamed": `{"counts":{"skip":1},
			"items":[{"kind":"defaults","name":"default","action":"skip","changes":[],"error":"can't be renamed"}],
			"secrets_required":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := &harness.FakeRegistry{Report: report}
			address := registry.Start(t)
			got := harness.RunLine(t, "import", harness.TextFile(t, "b.json", "{}"),
				"--tenant", "production", "--url", address)
			require.Equal(t, cli.ExitRefused, got.Status)
			require.Empty(t, got.Err)
			require.NotEmpty(t, got.Out)
		})
	}
}

func TestPromoteImportsExportedBundle(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: smallBundle(t), Report: createReport}
	address := registry.Start(t)
	got := harness.RunLine(t, "promote", "staging", "production", "--url", address, "--strategy",
		"overwrite")
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, string(registry.Bundle), string(registry.Imported))
	require.Equal(t, []string{
		"GET /api/v1/tenants/staging",
		"GET /api/v1/tenants/production",
		"GET /api/v1/tenants/staging/export",
		"POST /api/v1/tenants/production/import?dry_run=false&strategy=overwrite",
	}, registry.Calls())
}

func TestPromoteDoesNotImportIncompleteBundle(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: smallBundle(t), MissingBytes: 5}
	address := registry.Start(t)
	got := harness.RunLine(t, "promote", "staging", "production", "--url", address)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.NotContains(t, strings.Join(registry.Calls(), "\n"), "POST")
}

func TestPromoteToItselfIsRefused(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{"by slug": "staging", "by id": "0197-id"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registry := &harness.FakeRegistry{Bundle: smallBundle(t), Report: createReport,
				TenantIDs: map[string]string{"staging": "0197-id", "0197-id": "0197-id"}}
			address := registry.Start(t)
			got := harness.RunLine(t, "promote", "staging", to, "--url", address)
			require.Equal(t, cli.ExitUsage, got.Status)
			require.Contains(t, got.Err, "the same tenant")
			require.NotContains(t, strings.Join(registry.Calls(), "\n"), "import")
		})
	}
}
