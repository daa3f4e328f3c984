package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
)

// smallBundle returns a bundle of one prompt.
func smallBundle(t *testing.T) []byte {
	t.Helper()
	item, err := federation.Item{
		Ref: federation.Ref{Kind: "prompt", Name: "p"}, Spec: json.RawMessage(`{"template":"t"}`),
		Version: 1, UpdatedAt: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
	}.Seal()
	require.NoError(t, err)
	digester := federation.NewDigester()
	digester.Add(item.Digest)
	var out bytes.Buffer
	m := federation.Manifest{Source: federation.Source{Instance: "i", Tenant: "staging"}, Count: 1,
		Digest: digester.Sum()}
	require.NoError(t, m.Write(&out, bytes.NewReader(item.AppendJSON(nil))))
	return out.Bytes()
}

const createReport = `{"import_id":"i","dry_run":false,"counts":{"create":1},
	"items":[{"kind":"prompt","name":"p","action":"create","changes":[]}],"secrets_required":[]}`

func TestExportWritesBundleUnchanged(t *testing.T) {
	t.Parallel()
	registry := &fakeRegistry{bundle: smallBundle(t)}
	address := registry.start(t)
	got := runLine(t, "export", "--tenant", "staging", "--url", address, "--kind", "prompt",
		"--label", "a=b")
	require.Equal(t, exitDone, got.status, got.err)
	require.Equal(t, string(registry.bundle), got.out)
	require.Equal(t, []string{"GET /api/v1/tenants/staging/export?kind=prompt&label=a%3Db"},
		registry.calls())

	path := filepath.Join(t.TempDir(), "bundle.json")
	got = runLine(t, "export", "--tenant", "staging", "--url", address, "-o", path, "--json")
	require.Equal(t, exitDone, got.status, got.err)
	require.Contains(t, got.out, `"count":1`)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(registry.bundle), string(written))
}

// The test requires that no temporary file remains either.
func TestInvalidExportKeepsOldFile(t *testing.T) {
	t.Parallel()
	complete := smallBundle(t)
	for name, registry := range map[string]*fakeRegistry{
		"incomplete bundle": {bundle: complete, missingBytes: 10},
		"changed bundle":    {bundle: bytes.Replace(complete, []byte(`"t"`), []byte(`"u"`), 1)},
		"not a bundle":      {bundle: []byte(`<html>`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := registry.start(t)
			path := textFile(t, "bundle.json", "old")
			got := runLine(t, "export", "--tenant", "staging", "--url", address, "-o", path)
			require.Equal(t, exitRefused, got.status)
			require.Contains(t, got.err, "invalid or incomplete")
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
	registry := &fakeRegistry{report: createReport}
	address := registry.start(t)
	path := textFile(t, "bundle.json", "the bundle")
	got := runLine(t, "import", path, "--tenant", "production", "--url", address, "--strategy",
		"rename", "--dry-run")
	require.Equal(t, exitDone, got.status, got.err)
	require.Equal(t, "the bundle", string(registry.imported))
	require.Equal(t, []string{
		"POST /api/v1/tenants/production/import?dry_run=true&strategy=rename"}, registry.calls())
	require.Equal(t, federation.BundleMediaType, registry.headers[0].Get("Content-Type"))
	require.Regexp(t, `create +update +unchanged +skip +rename +fail`, got.out)
	require.Regexp(t, `1 +0 +0 +0 +0 +0`, got.out)

	got = runLine(t, "import", path, "--tenant", "production", "--url", address, "--json")
	require.Equal(t, exitDone, got.status)
	require.JSONEq(t, createReport, got.out)
}

func TestRefusedImportPrintsConflicts(t *testing.T) {
	t.Parallel()
	const conflict = `{"status":409,"code":"import_conflict","detail":"1 item differs.",
		"counts":{"create":2,"fail":1},
		"items":[{"kind":"prompt","name":"p","action":"fail",
			"changes":[{"path":"/spec/template","from":"a","to":"b"},{"path":"/spec/x","to":1}]}]}`
	registry := &fakeRegistry{
		refuse: map[string]string{"POST /api/v1/tenants/production/import": conflict}}
	address := registry.start(t)
	path := textFile(t, "bundle.json", "{}")
	got := runLine(t, "import", path, "--tenant", "production", "--url", address)
	require.Equal(t, exitRefused, got.status)
	require.Contains(t, got.out,
		"fail prompt \"p\"\n    /spec/template: \"a\" → \"b\"\n    /spec/x: (absent) → 1\n")
	require.Equal(t, "registry: import_conflict: 1 item differs.\n", got.err)

	got = runLine(t, "import", path, "--tenant", "production", "--url", address, "--json")
	require.Equal(t, exitRefused, got.status)
	require.JSONEq(t, conflict, got.out)
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
			registry := &fakeRegistry{report: report}
			address := registry.start(t)
			got := runLine(t, "import", textFile(t, "b.json", "{}"), "--tenant", "production",
				"--url", address)
			require.Equal(t, exitRefused, got.status)
			require.Empty(t, got.err)
			require.NotEmpty(t, got.out)
		})
	}
}

func TestPromoteImportsExportedBundle(t *testing.T) {
	t.Parallel()
	registry := &fakeRegistry{bundle: smallBundle(t), report: createReport}
	address := registry.start(t)
	got := runLine(t, "promote", "staging", "production", "--url", address, "--strategy",
		"overwrite")
	require.Equal(t, exitDone, got.status, got.err)
	require.Equal(t, string(registry.bundle), string(registry.imported))
	require.Equal(t, []string{
		"GET /api/v1/tenants/staging/export",
		"POST /api/v1/tenants/production/import?dry_run=false&strategy=overwrite",
	}, registry.calls())
}

func TestPromoteDoesNotImportIncompleteBundle(t *testing.T) {
	t.Parallel()
	registry := &fakeRegistry{bundle: smallBundle(t), missingBytes: 5}
	address := registry.start(t)
	got := runLine(t, "promote", "staging", "production", "--url", address)
	require.Equal(t, exitRefused, got.status)
	require.Len(t, registry.calls(), 1)
}
