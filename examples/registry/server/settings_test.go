package server_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestServeRefusesInvalidSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set     map[string]string
		wantErr string
	}{
		"short ADMIN_TOKEN": {map[string]string{"ADMIN_TOKEN": strings.Repeat("x", 31)},
			"ADMIN_TOKEN has 31 characters: use at least 32, or leave it empty to have one" +
				" generated"},
		"ADMIN_TOKEN that is short without its line break": {
			map[string]string{"ADMIN_TOKEN": strings.Repeat("x", 31) + "\r\n"},
			"ADMIN_TOKEN has 31 characters"},
		"ADMIN_TOKEN in quotation marks": {
			map[string]string{"ADMIN_TOKEN": `"` + strings.Repeat("hidden", 6) + `"`},
			"ADMIN_TOKEN is in quotation marks: remove them"},
		"ADMIN_TOKEN of two lines": {
			map[string]string{"ADMIN_TOKEN": strings.Repeat("hidden", 6) + "\nhidden"},
			"ADMIN_TOKEN contains a space, a line break or another character that no" +
				" token has (U+000A)"},
		"ADMIN_TOKEN with a zero-width space": {
			map[string]string{"ADMIN_TOKEN": strings.Repeat("hidden", 6) + "\u200bhidden"},
			"ADMIN_TOKEN contains a space, a line break or another character that no" +
				" token has (U+200B)"},
		"SECRETS_KEY in quotation marks": {
			map[string]string{"SECRETS_KEY": "'" + harness.SecretsKey + "'"},
			"SECRETS_KEY is in quotation marks: remove them"},
		"OIDC_CLIENT_SECRET in quotation marks": {
			map[string]string{"OIDC_ISSUER": "https://accounts.example.com",
				"OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "'hidden'"},
			"OIDC_CLIENT_SECRET is in quotation marks: remove them"},
		"ROLE_PREFIX that PostgreSQL reserves": {map[string]string{"ROLE_PREFIX": "pg_x"},
			"begins with pg_, which PostgreSQL reserves"},
		"TABLES_WITHOUT_TENANTS with an empty name": {
			map[string]string{"TABLES_WITHOUT_TENANTS": "memos,,reporting.totals"},
			`invalid TABLES_WITHOUT_TENANTS "memos,,reporting.totals"`},
		"TABLES_WITHOUT_TENANTS in quotation marks": {
			map[string]string{"TABLES_WITHOUT_TENANTS": `"memos"`}, "without quotation marks"},
		"DATABASE_SCHEMA of the library": {map[string]string{"DATABASE_SCHEMA": "bailiwick"},
			`invalid DATABASE_SCHEMA: postgres: the schema "bailiwick" is the library's`},
		"invalid MULTI_TENANT": {map[string]string{"MULTI_TENANT": "maybe"},
			`invalid MULTI_TENANT "maybe": set it to true or false`},
		"invalid AUTO_MIGRATE": {map[string]string{"AUTO_MIGRATE": "on"},
			`invalid AUTO_MIGRATE "on": set it to true or false`},
		"SECRETS_KEY that isn't base64": {map[string]string{"SECRETS_KEY": "secret"},
			"SECRETS_KEY isn't base64 of 32 bytes"},
		"short SECRETS_KEY": {map[string]string{"SECRETS_KEY": "c2hvcnQ="},
			"SECRETS_KEY isn't base64 of 32 bytes"},
		"invalid TRUSTED_PROXIES": {map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,everybody"},
			`TRUSTED_PROXIES: invalid address range "everybody": use the form 10.0.0.0/8`},
		"invalid ADDR": {map[string]string{"ADDR": "here"},
			"set ADDR to another address"},
		"invalid BASE_DOMAIN": {map[string]string{"BASE_DOMAIN": "no domain!"},
			`invalid BASE_DOMAIN "no domain!"`},
		"DATABASE_URL that isn't a URL": {map[string]string{"DATABASE_URL": "a file"},
			"invalid DATABASE_URL"},
		"DATABASE_URL of another database": {
			map[string]string{"DATABASE_URL": "mysql://u:hidden@h/d"},
			"invalid DATABASE_URL: use the form postgres://"},
		"DATABASE_URL without user": {map[string]string{"DATABASE_URL": "postgres://h:1/d"},
			"invalid DATABASE_URL: use the form postgres://"},
		"APP_DATABASE_URL with tenancy off": {
			map[string]string{"APP_DATABASE_URL": "postgres://u:hidden@h/d"},
			"APP_DATABASE_URL and SYSTEM_DATABASE_URL require MULTI_TENANT=true"},
		"invalid SYSTEM_DATABASE_URL": {
			map[string]string{"SYSTEM_DATABASE_URL": "://hidden", "MULTI_TENANT": "true"},
			"invalid SYSTEM_DATABASE_URL: use the form"},
		"unreachable database": {
			map[string]string{"DATABASE_URL": "postgres://u:hidden@127.0.0.1:1/d?sslmode=disable"},
			"connection refused"},
		"invalid ACCESS_LOG": {map[string]string{"ACCESS_LOG": "some"},
			`invalid ACCESS_LOG "some": set it to true or false`},
		"invalid OTLP endpoint": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "hidden:4318"},
			"invalid OTEL_EXPORTER_OTLP_ENDPOINT: use the form http://host:4318"},
		"invalid OTLP traces endpoint": {
			map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "grpc://hidden"},
			"invalid OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: use the form"},
		"DB_CONNECTIONS of none": {map[string]string{"DB_CONNECTIONS": "0"},
			`invalid DB_CONNECTIONS "0": set it to a number from 1 to 1000000`},
		"negative DB_SYSTEM_CONNECTIONS": {map[string]string{"DB_SYSTEM_CONNECTIONS": "-1"},
			`invalid DB_SYSTEM_CONNECTIONS "-1"`},
		"invalid DB_BULK_CONNECTIONS": {map[string]string{"DB_BULK_CONNECTIONS": "many"},
			`invalid DB_BULK_CONNECTIONS "many"`},
		"DB_STATEMENT_TIMEOUT without a unit": {map[string]string{"DB_STATEMENT_TIMEOUT": "30"},
			`invalid DB_STATEMENT_TIMEOUT "30": set it to a duration from 1ms to 24h, such as 30s`},
		"negative DB_CONNECTION_WAIT": {map[string]string{"DB_CONNECTION_WAIT": "-1s"},
			`invalid DB_CONNECTION_WAIT "-1s"`},
		"long DB_BULK_WAIT": {map[string]string{"DB_BULK_WAIT": "48h"},
			`invalid DB_BULK_WAIT "48h"`},
		"invalid SPOOL_LIMIT": {map[string]string{"SPOOL_LIMIT": "4GiB"},
			`invalid SPOOL_LIMIT "4GiB"`},
		"AUDIT_RETENTION below a day": {map[string]string{"AUDIT_RETENTION": "12h"},
			`invalid AUDIT_RETENTION "12h"`},
		"AUDIT_RETENTION that isn't a duration": {map[string]string{"AUDIT_RETENTION": "a year"},
			`invalid AUDIT_RETENTION "a year"`},
		"OIDC settings without OIDC_ISSUER": {map[string]string{"OIDC_CLIENT_ID": "registry"},
			"OIDC_ISSUER is empty"},
		"invalid OIDC_ISSUER": {map[string]string{"OIDC_ISSUER": "accounts.example.com",
			"OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "hidden"},
			"OIDC_ISSUER and OIDC_REDIRECT_URL must be URLs"},
		"missing OIDC_CLIENT_ID": {map[string]string{"OIDC_ISSUER": "https://accounts.example.com"},
			"OIDC_CLIENT_ID must not be empty"},
		"invalid OIDC_CREATE_USERS": {
			map[string]string{"OIDC_ISSUER": "https://accounts.example.com",
				"OIDC_CLIENT_ID": "x", "OIDC_CREATE_USERS": "perhaps"},
			`invalid OIDC_CREATE_USERS "perhaps"`},
		"several invalid settings": {
			map[string]string{"ADMIN_TOKEN": "x", "MULTI_TENANT": "maybe"}, "ADMIN_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := map[string]string{"ADDR": "127.0.0.1:0", "DATA_DIR": t.TempDir(),
				"DATABASE_URL": "postgres://u:hidden@127.0.0.1:1/d?sslmode=disable"}
			for setting, value := range c.set {
				set[setting] = value
			}
			got := harness.Run(t, set, "serve").RequireStatus(t, cli.ExitRefused)
			require.Contains(t, got.Err, "registry: ")
			require.Contains(t, got.Err, c.wantErr)
			require.NotContains(t, got.Err, "hidden", "the error shows a password")
			require.NotContains(t, got.Err, "goroutine")
		})
	}
}

func TestServeReportsAddressInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	got := harness.Run(t, map[string]string{"ADDR": listener.Addr().String(),
		"DATA_DIR": t.TempDir()},
		"serve").RequireStatus(t, cli.ExitRefused)
	require.Equal(t, 1, strings.Count(got.Err, "\n"), got.Err)
	require.Contains(t, got.Err, listener.Addr().String())
	require.Contains(t, got.Err, "address already in use: set ADDR to another address")
}
