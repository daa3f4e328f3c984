package server

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Settings are read from the environment by serve and by the commands that work
// on the database.
type Settings struct {
	databaseURL    string // empty: an embedded PostgreSQL under dataDir
	appURL         string // empty: derived from databaseURL
	systemURL      string // empty: derived from databaseURL
	listenURL      string // empty: the server that the system role connects to
	schema         string // of the registry's tables; empty: public
	rolePrefix     string // empty: derived from the database's oid
	dataDir        string
	addr           string
	multiTenant    bool
	baseDomain     string
	adminToken     string
	autoMigrate    bool
	secretsKey     []byte // empty: the key file under dataDir
	trustedProxies []netip.Prefix
	accessLog      bool
	traces         bool          // export traces; OpenTelemetry's settings name the endpoint
	auditRetention time.Duration // 0: for ever
	limits         limitSettings
	openID         openIDSettings
	databaseWait   time.Duration // 0: the default
	withoutTenants []string      // tables with a column tenant_id that means something else
}

// minAdminToken is the shortest platform token that is allowed, in characters.
const minAdminToken = 32

// ReadSettings reads and checks the environment. An invalid value is an error;
// the default never replaces it. White space and invisible characters at the ends of
// a value don't count. The error lists every invalid setting.
func ReadSettings(environment func(string) string) (Settings, error) {
	t := terminal.Terminal{Getenv: environment}
	getenv := t.Setting
	s := Settings{
		databaseURL: getenv("DATABASE_URL"),
		appURL:      getenv("APP_DATABASE_URL"),
		systemURL:   getenv("SYSTEM_DATABASE_URL"),
		listenURL:   getenv("LISTEN_URL"),
		dataDir:     getenv("DATA_DIR"),
		addr:        cmp.Or(getenv("ADDR"), "127.0.0.1:8080"),
		baseDomain:  cmp.Or(getenv("BASE_DOMAIN"), "localhost"),
		schema:      getenv("DATABASE_SCHEMA"),
		rolePrefix:  getenv("ROLE_PREFIX"),
	}
	var errs [12]error // all are reported at once, so that one start shows every mistake
	s.multiTenant, errs[0] = parseBool(getenv, "MULTI_TENANT", false)
	s.autoMigrate, errs[1] = parseBool(getenv, "AUTO_MIGRATE", true)
	s.secretsKey, errs[2] = parseSecretsKey(getenv("SECRETS_KEY"))
	s.trustedProxies, errs[3] = parseProxies(getenv("TRUSTED_PROXIES"))
	s.accessLog, errs[4] = parseBool(getenv, "ACCESS_LOG", true)
	s.traces, errs[5] = exportsTraces(getenv)
	s.auditRetention, errs[6] = parseRetention(getenv("AUDIT_RETENTION"))
	s.openID, errs[7] = readOpenID(getenv)
	s.limits, errs[8] = readLimits(getenv)
	s.databaseWait, errs[9] = parseWait(getenv("DATABASE_WAIT"))
	s.adminToken, errs[10] = t.Token("ADMIN_TOKEN")
	s.withoutTenants, errs[11] = parseTables(getenv("TABLES_WITHOUT_TENANTS"))
	if err := errors.Join(append(errs[:], s.check())...); err != nil {
		return s, err
	}
	if s.dataDir != "" {
		return s, nil
	}
	var err error
	s.dataDir, err = localpg.DefaultDir()
	return s, err
}

// check validates the settings that are stored as plain strings.
func (s Settings) check() error {
	var errs []error
	if s.adminToken != "" && len(s.adminToken) < minAdminToken {
		errs = append(errs, fmt.Errorf("ADMIN_TOKEN has %d characters: use at least %d, or leave"+
			" it empty to have one generated", len(s.adminToken), minAdminToken))
	}
	if (resolve.Options{BaseDomain: s.baseDomain}).Check() != nil {
		errs = append(errs, fmt.Errorf(
			"invalid BASE_DOMAIN %q: set it to a domain name such as registry.example.com",
			s.baseDomain))
	}
	if !s.multiTenant && s.appURL+s.systemURL != "" {
		errs = append(errs, errors.New("APP_DATABASE_URL and SYSTEM_DATABASE_URL require"+
			" MULTI_TENANT=true: otherwise leave them empty"))
	}
	return errors.Join(append(errs,
		terminal.CheckUnquoted("OIDC_CLIENT_SECRET", s.openID.clientSecret),
		checkDatabaseURL("DATABASE_URL", s.databaseURL),
		checkDatabaseURL("APP_DATABASE_URL", s.appURL),
		checkDatabaseURL("SYSTEM_DATABASE_URL", s.systemURL),
		checkDatabaseURL("LISTEN_URL", s.listenURL),
		checkSchema(s.schema))...)
}

// checkDatabaseURL checks a database URL; empty is valid. The error doesn't contain
// the URL, because it may hold a password.
func checkDatabaseURL(name, text string) error {
	if text == "" {
		return nil
	}
	if err := postgres.CheckURL(text); err != nil {
		return fmt.Errorf("invalid %s: use the form"+
			" postgres://user:password@host:port/database?sslmode=…: %w", name, err)
	}
	return nil
}

// parseTables parses the setting TABLES_WITHOUT_TENANTS: names of tables, separated by commas.
func parseTables(text string) (names []string, err error) {
	if text == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		schema, table, qualified := strings.Cut(name, ".")
		if schema == "" || qualified && table == "" || strings.ContainsAny(name, `"'`) {
			return nil, fmt.Errorf("invalid TABLES_WITHOUT_TENANTS %q: separate the names of tables"+
				" with commas, such as memos,reporting.totals, without quotation marks", text)
		}
		names = append(names, name)
	}
	return names, nil
}

// checkSchema checks the setting DATABASE_SCHEMA; empty is valid.
func checkSchema(name string) error {
	if name == "" {
		return nil
	}
	if err := postgres.CheckSchema(name); err != nil {
		return fmt.Errorf("invalid DATABASE_SCHEMA: %w", err)
	}
	return nil
}

// parseBool parses a setting; empty is the fallback.
func parseBool(getenv func(string) string, name string, fallback bool) (bool, error) {
	text := getenv(name)
	if text == "" {
		return fallback, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return fallback, fmt.Errorf("invalid %s %q: set it to true or false", name, text)
	}
	return value, nil
}

// parseRetention parses a duration of at least one day. A shorter one is probably
// a mistake, and would delete audit entries.
func parseRetention(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	retention, err := time.ParseDuration(text)
	if err != nil || retention < 24*time.Hour {
		return 0, fmt.Errorf("invalid AUDIT_RETENTION %q: set it to at least 24h, such as 8760h,"+
			" or leave it empty to keep the audit log for ever", text)
	}
	return retention, nil
}

// parseWait parses how long to wait for the database. 0s doesn't wait, which postgres.Options
// writes as a negative time.
func parseWait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	switch {
	case err != nil || wait < 0:
		return 0, fmt.Errorf("invalid DATABASE_WAIT %q: set it to a time such as 60s; 0s doesn't wait",
			text)
	case wait == 0:
		return -1, nil
	}
	return wait, nil
}

// parseProxies parses CIDR address ranges, separated by commas or spaces.
func parseProxies(text string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	separator := func(r rune) bool { return r == ',' || r == ' ' }
	for field := range strings.FieldsFuncSeq(text, separator) {
		prefix, err := netip.ParsePrefix(field)
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES: invalid address range %q: use the form"+
				" 10.0.0.0/8", field)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// exportsTraces reports whether the environment names an endpoint for traces. The
// exporter reads the same settings again, but ignores an invalid endpoint without
// an error. So the endpoint is checked here.
func exportsTraces(getenv func(string) string) (exports bool, err error) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		text := getenv(name)
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return false, fmt.Errorf("invalid %s: use the form http://host:4318", name)
		}
		exports = true
	}
	return exports, nil
}
