package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// settings are what the environment says to serve and migrate.
type settings struct {
	databaseURL    string // empty: an embedded PostgreSQL under dataDir
	appURL         string // empty: derived from databaseURL
	systemURL      string // the same
	listenURL      string // empty: where the system role connects
	dataDir        string
	addr           string
	multiTenant    bool
	baseDomain     string
	adminToken     string
	autoMigrate    bool
	secretsKey     []byte // empty: one is kept under dataDir
	trustedProxies []netip.Prefix
	accessLog      bool
	traces         bool          // are exported, as OpenTelemetry's settings say
	auditRetention time.Duration // 0: for ever
	openID         openIDSettings
}

const (
	minAdminToken  = 32
	secretsKeySize = 32
)

// readSettings reads the environment, and refuses what it can't understand: a
// setting that is half understood is no setting.
func readSettings(getenv func(string) string) (settings, error) {
	s := settings{
		databaseURL: getenv("DATABASE_URL"),
		appURL:      getenv("APP_DATABASE_URL"),
		systemURL:   getenv("SYSTEM_DATABASE_URL"),
		listenURL:   getenv("LISTEN_URL"),
		dataDir:     getenv("DATA_DIR"),
		addr:        either(getenv("ADDR"), "127.0.0.1:8080"),
		baseDomain:  either(getenv("BASE_DOMAIN"), "localhost"),
		adminToken:  getenv("ADMIN_TOKEN"),
	}
	var errs [8]error
	s.multiTenant, errs[0] = parseBool(getenv, "MULTI_TENANT", false)
	s.autoMigrate, errs[1] = parseBool(getenv, "AUTO_MIGRATE", true)
	s.secretsKey, errs[2] = parseSecretsKey(getenv("SECRETS_KEY"))
	s.trustedProxies, errs[3] = parseProxies(getenv("TRUSTED_PROXIES"))
	s.accessLog, errs[4] = parseBool(getenv, "ACCESS_LOG", true)
	s.traces, errs[5] = exportsTraces(getenv)
	s.auditRetention, errs[6] = parseRetention(getenv("AUDIT_RETENTION"))
	s.openID, errs[7] = readOpenID(getenv)
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

// check looks at the settings that any text can be given to.
func (s settings) check() error {
	var errs []error
	if s.adminToken != "" && len(s.adminToken) < minAdminToken {
		errs = append(errs, fmt.Errorf(
			"ADMIN_TOKEN has %d characters: give it at least %d, or leave it empty to have one made", len(s.adminToken), minAdminToken))
	}
	if (resolve.Options{BaseDomain: s.baseDomain}).Check() != nil {
		errs = append(errs, fmt.Errorf(
			"BASE_DOMAIN is %q: give it a domain name such as registry.example.com", s.baseDomain))
	}
	if !s.multiTenant && s.appURL+s.systemURL != "" {
		errs = append(errs, errors.New(
			"APP_DATABASE_URL and SYSTEM_DATABASE_URL are of use with MULTI_TENANT=true alone:"+
				" leave them empty"))
	}
	return errors.Join(append(errs,
		checkDatabaseURL("DATABASE_URL", s.databaseURL),
		checkDatabaseURL("APP_DATABASE_URL", s.appURL),
		checkDatabaseURL("SYSTEM_DATABASE_URL", s.systemURL),
		checkDatabaseURL("LISTEN_URL", s.listenURL))...)
}

// checkDatabaseURL tells what a URL should look like, and doesn't show this one:
// it may hold a password.
func checkDatabaseURL(name, text string) error {
	u, err := url.Parse(text)
	if text == "" || err == nil && u.User.Username() != "" &&
		(u.Scheme == "postgres" || u.Scheme == "postgresql" || u.Scheme == "unix") {
		return nil
	}
	return fmt.Errorf("%s isn't of the form postgres://user:password@host:port/database?sslmode=…",
		name)
}

func either(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func parseBool(getenv func(string) string, name string, fallback bool) (bool, error) {
	text := getenv(name)
	if text == "" {
		return fallback, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return fallback, fmt.Errorf("%s is %q: say true or false", name, text)
	}
	return value, nil
}

func parseSecretsKey(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != secretsKeySize {
		return nil, fmt.Errorf("SECRETS_KEY isn't base64 of %d bytes: make one with: openssl rand"+
			" -base64 %d", secretsKeySize, secretsKeySize)
	}
	return key, nil
}

// parseRetention reads a duration. A day is the least: an hour is more likely to be
// a mistake.
func parseRetention(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	kept, err := time.ParseDuration(text)
	if err != nil || kept < 24*time.Hour {
		return 0, fmt.Errorf("AUDIT_RETENTION is %q: give it a duration of at least a day, such"+
			" as 8760h, or leave it empty to keep the audit log for ever", text)
	}
	return kept, nil
}

func parseProxies(text string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for field := range strings.FieldsFuncSeq(text,
		func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := netip.ParsePrefix(field)
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES: %q isn't an address range such as 10.0.0.0/8",
				field)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// exportsTraces reports whether the environment says where traces go. The exporter
// reads it again, and would take one that it can't understand for none.
func exportsTraces(getenv func(string) string) (exports bool, err error) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		text := getenv(name)
		if text == "" {
			continue
		}
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" &&
			u.Scheme != "https" {
			return false, fmt.Errorf("%s isn't of the form http://host:4318", name)
		}
		exports = true
	}
	return exports, nil
}

// loadSecretsKey answers the key that secrets are encrypted with: the one that
// was set, or one that is made once and kept in the data folder.
func (s settings) loadSecretsKey() ([]byte, error) {
	if len(s.secretsKey) > 0 {
		return s.secretsKey, nil
	}
	path := filepath.Join(s.dataDir, "secrets.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return createSecretsKey(path)
	}
	if err != nil {
		return nil, err
	}
	key, err := parseSecretsKey(strings.TrimSpace(string(text)))
	if err != nil || key == nil {
		return nil, fmt.Errorf("%s is damaged: it must hold base64 of %d bytes; restore it, for"+
			" without it no stored secret can be read", path, secretsKeySize)
	}
	return key, nil
}

// createSecretsKey writes the key beside its place and links it there, so that
// the file is whole, and of two servers that start at once both have one key.
func createSecretsKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	var key [secretsKeySize]byte
	rand.Read(key[:])
	whole, err := os.CreateTemp(filepath.Dir(path), "secrets.key-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(whole.Name())
	_, err = whole.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, whole.Sync(), whole.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(whole.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseSecretsKey(strings.TrimSpace(string(text)))
}

// tokenHash is what is kept of the platform token.
func tokenHash(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }
