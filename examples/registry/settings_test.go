package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestServeRefusesInvalidSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  map[string]string
		says string
	}{
		"a short token": {map[string]string{"ADMIN_TOKEN": strings.Repeat("x", 31)},
			"ADMIN_TOKEN has 31 characters: give it at least 32, or leave it empty to have one made"},
		"perhaps tenants": {map[string]string{"MULTI_TENANT": "maybe"},
			`MULTI_TENANT is "maybe": say true or false`},
		"perhaps migrate": {map[string]string{"AUTO_MIGRATE": "on"},
			`AUTO_MIGRATE is "on": say true or false`},
		"no key": {map[string]string{"SECRETS_KEY": "secret"},
			"SECRETS_KEY isn't base64 of 32 bytes"},
		"a short key": {map[string]string{"SECRETS_KEY": "c2hvcnQ="},
			"SECRETS_KEY isn't base64 of 32 bytes"},
		"no proxies": {map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,everybody"},
			`TRUSTED_PROXIES: "everybody" isn't an address range such as 10.0.0.0/8`},
		"no address": {map[string]string{"ADDR": "here"},
			"set ADDR to another address"},
		"no base domain": {map[string]string{"BASE_DOMAIN": "no domain!"}, "BASE_DOMAIN"},
		"no database":    {map[string]string{"DATABASE_URL": "a file"}, "DATABASE_URL"},
		"a database of another": {map[string]string{"DATABASE_URL": "mysql://u:hidden@h/d"},
			"DATABASE_URL isn't of the form postgres://"},
		"a database of nobody": {map[string]string{"DATABASE_URL": "postgres://h:1/d"},
			"DATABASE_URL isn't of the form postgres://"},
		"a role without tenants": {map[string]string{"APP_DATABASE_URL": "postgres://u:hidden@h/d"},
			"APP_DATABASE_URL and SYSTEM_DATABASE_URL are of use with MULTI_TENANT=true alone"},
		"a role of nobody": {
			map[string]string{"SYSTEM_DATABASE_URL": "://hidden", "MULTI_TENANT": "true"},
			"SYSTEM_DATABASE_URL isn't of the form"},
		"nobody at the database": {
			map[string]string{"DATABASE_URL": "postgres://u:hidden@127.0.0.1:1/d?sslmode=disable"},
			"connection refused"},
		"perhaps a log": {map[string]string{"ACCESS_LOG": "some"},
			`ACCESS_LOG is "some": say true or false`},
		"no collector": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "hidden:4318"},
			"OTEL_EXPORTER_OTLP_ENDPOINT isn't of the form http://host:4318"},
		"no collector of traces": {
			map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "grpc://hidden"},
			"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT isn't of the form"},
		"half a day": {map[string]string{"AUDIT_RETENTION": "12h"},
			`AUDIT_RETENTION is "12h"`},
		"a year in words": {map[string]string{"AUDIT_RETENTION": "a year"},
			`AUDIT_RETENTION is "a year"`},
		"half a provider": {map[string]string{"OIDC_CLIENT_ID": "registry"},
			"OIDC_ISSUER is empty"},
		"no provider": {map[string]string{"OIDC_ISSUER": "accounts.example.com",
			"OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "hidden"},
			"OIDC_ISSUER and OIDC_REDIRECT_URL are URLs"},
		"no client": {map[string]string{"OIDC_ISSUER": "https://accounts.example.com"},
			"OIDC_CLIENT_ID isn't empty"},
		"perhaps strangers": {map[string]string{"OIDC_ISSUER": "https://accounts.example.com",
			"OIDC_CLIENT_ID": "x", "OIDC_CREATE_USERS": "perhaps"},
			`OIDC_CREATE_USERS is "perhaps"`},
		"several at once": {map[string]string{"ADMIN_TOKEN": "x", "MULTI_TENANT": "maybe"},
			"ADMIN_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := map[string]string{"ADDR": "127.0.0.1:0", "DATA_DIR": t.TempDir(),
				"DATABASE_URL": "postgres://u:hidden@127.0.0.1:1/d?sslmode=disable"}
			for setting, value := range c.set {
				set[setting] = value
			}
			got := runWith(t, set, "serve").requireStatus(t, exitRefused)
			require.Contains(t, got.err, "registry: ")
			require.Contains(t, got.err, c.says)
			require.NotContains(t, got.err, "hidden", "a password is shown")
			require.NotContains(t, got.err, "goroutine")
		})
	}
}

func TestServeReportsAddressInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	got := runWith(t, map[string]string{"ADDR": taken.Addr().String(), "DATA_DIR": t.TempDir()},
		"serve").requireStatus(t, exitRefused)
	require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
	require.Contains(t, got.err, taken.Addr().String())
	require.Contains(t, got.err, "address already in use: set ADDR to another address")
}

func TestMigrateStatusReportsWhetherSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []string{"", "true"} {
		set := map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
			"SECRETS_KEY": secretsKey, "MULTI_TENANT": multiTenant}
		before := runWith(t, set, "migrate", "status").requireStatus(t, exitRefused)
		require.Contains(t, before.err, "bring it up with: registry migrate up")
		for range 2 {
			require.Equal(t, "The schema is current.\n",
				runWith(t, set, "migrate", "up").requireStatus(t, exitDone).out)
			require.Equal(t, "The schema is current.\n",
				runWith(t, set, "migrate", "status").requireStatus(t, exitDone).out)
		}
	}
}

func TestServeDoesNotMigrateWithAutoMigrateOff(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
		"AUTO_MIGRATE": "false", "ADDR": "127.0.0.1:0", "MULTI_TENANT": "true"}
	got := runWith(t, set, "serve").requireStatus(t, exitRefused)
	require.Contains(t, got.err, "registry migrate up")
}

func TestSecretsKeyIsCreatedOnceAndKept(t *testing.T) {
	t.Parallel()
	s := settings{dataDir: filepath.Join(t.TempDir(), "data")}
	path := filepath.Join(s.dataDir, "secrets.key")
	first, err := s.loadSecretsKey()
	require.NoError(t, err)
	require.Len(t, first, secretsKeySize)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	second, err := s.loadSecretsKey()
	require.NoError(t, err)
	require.Equal(t, first, second)
	left, err := os.ReadDir(s.dataDir)
	require.NoError(t, err)
	require.Len(t, left, 1)

	for _, damaged := range []string{"", "\n", "short", string(make([]byte, 32))} {
		require.NoError(t, os.WriteFile(path, []byte(damaged), 0o600))
		_, err = s.loadSecretsKey()
		require.ErrorContains(t, err, "is damaged")
	}
}
