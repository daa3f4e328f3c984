package commands_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
)

// inVersion returns the small bundle with another manifest.
func inVersion(t *testing.T, version int, key ed25519.PrivateKey) []byte {
	t.Helper()
	bundle := federation.ReadBundle(bytes.NewReader(smallBundle(t)))
	var items, out bytes.Buffer
	for item, err := range bundle.Items() {
		require.NoError(t, err)
		items.Write(item.AppendJSON(nil))
	}
	m := bundle.Manifest()
	m.FormatVersion = version
	if key != nil {
		m.Signature = trust.Sign(m, key)
	}
	require.NoError(t, m.Write(&out, &items))
	return out.Bytes()
}

func TestBundleVerifyChecksTheSignature(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	own := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	text := func(key ed25519.PrivateKey) string {
		return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	}
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/instance" || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		public := trust.NewPublicKey(own.Public().(ed25519.PublicKey))
		fmt.Fprintf(w, `{"instance":"i","version":"v","keys":[{"key_id":%q,"alg":"ed25519","public_key":%q}]}`,
			public.ID, text(own))
	}))
	defer registry.Close()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	signed, foreign := write("signed", inVersion(t, 2, own)), write("foreign", inVersion(t, 2, other))
	unsigned := write("unsigned", inVersion(t, 2, nil))
	changed := write("changed", bytes.Replace(inVersion(t, 2, own), []byte(`"staging"`),
		[]byte(`"prod"`), 1))
	keyFile := write("key", []byte(text(own)+"\n"))
	for _, c := range []struct {
		status int
		args   []string
	}{
		{cli.ExitDone, []string{signed, "--key", text(own)}},
		{cli.ExitDone, []string{signed, "--key", keyFile}},
		{cli.ExitDone, []string{signed, "--url", registry.URL}},
		{cli.ExitDone, []string{foreign, "--key", text(other)}},
		{cli.ExitDone, []string{changed}},
		{cli.ExitRefused, []string{foreign, "--key", text(own)}},
		{cli.ExitRefused, []string{foreign, "--url", registry.URL}},
		{cli.ExitRefused, []string{changed, "--key", text(own)}},
		{cli.ExitRefused, []string{changed, "--url", registry.URL}},
		{cli.ExitRefused, []string{unsigned, "--key", text(own)}},
		{cli.ExitRefused, []string{unsigned, "--url", registry.URL}},
		{cli.ExitUsage, []string{signed, "--key", signed}},
		{cli.ExitUsage, []string{signed, "--key", "nowhere"}},
		{cli.ExitUsage, []string{signed, "--key", keyFile, "--url", registry.URL}},
	} {
		got := harness.RunLine(t, append([]string{"bundle", "verify"}, c.args...)...)
		require.Equal(t, c.status, got.Status, "%v: %s", c.args, got.Err)
	}
}

func TestBundleUpgradeWritesTheNewestVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for name, c := range map[string]struct{ in, want []byte }{
		"version 1": {inVersion(t, 1, nil), inVersion(t, 2, nil)},
		"version 2": {inVersion(t, 2, key), inVersion(t, 2, key)},
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, c.in, 0o600))
		got := harness.RunLine(t, "bundle", "upgrade", file)
		require.Equal(t, cli.ExitDone, got.Status, got.Err)
		require.Equal(t, string(c.want), got.Out)
		got = harness.RunLine(t, "bundle", "upgrade", file, "-o", file)
		require.Equal(t, cli.ExitDone, got.Status, got.Err)
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(c.want), string(written))
	}
	broken := filepath.Join(dir, "broken")
	require.NoError(t, os.WriteFile(broken, inVersion(t, 1, nil)[:50], 0o600))
	require.Equal(t, cli.ExitRefused, harness.RunLine(t, "bundle", "upgrade", broken).Status)
}
