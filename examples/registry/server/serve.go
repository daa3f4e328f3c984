// Package server serves the registry: it reads the settings, opens the database, and adds
// sign-in, telemetry and the HTTP API.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// Cmd serves the registry.
type Cmd struct{}

// Help lists the settings.
func (Cmd) Help() string {
	return `Settings, from the environment:
  DATABASE_URL     PostgreSQL to use; empty: an embedded one, kept under DATA_DIR
  APP_DATABASE_URL, SYSTEM_DATABASE_URL
                   how the two roles log in, if not with the default names and passwords
  DATABASE_SCHEMA  schema of the registry's tables (public)
  ROLE_PREFIX      begins the names of the library's roles (bailiwick_ and the database's oid)
  TABLES_WITHOUT_TENANTS
                   other tables of the database whose column tenant_id means something else (none)
  LISTEN_URL       the PostgreSQL server's own URL, if DATABASE_URL is that of a connection pooler
  DATA_DIR         directory of the embedded database and of the secrets key
  ADDR             listen address (127.0.0.1:8080); port 0 picks a free one
  MULTI_TENANT     true turns tenancy on (false)
  BASE_DOMAIN      subdomains of it name tenants (localhost)
  ADMIN_TOKEN      the platform token, at least 32 characters; empty: one is generated and shown once
  AUTO_MIGRATE     true migrates the schema at start (true)
  SECRETS_KEY      base64 of 32 bytes, encrypts secrets; empty: one is generated in DATA_DIR
  TRUSTED_PROXIES  address ranges whose X-Forwarded-* headers are trusted (none)
  OIDC_ISSUER      URL of an OpenID provider that users sign in with (none)
  OIDC_CLIENT_ID, OIDC_CLIENT_SECRET
                   this registry's credentials at the provider
  OIDC_REDIRECT_URL
                   this registry's callback URL (/api/v1/sessions/oidc/callback of the listen address)
  OIDC_CREATE_USERS
                   true creates a user for any person with a verified e-mail address (false)
  DATABASE_WAIT    how long a start waits for a database that is down (30s)
  AUDIT_RETENTION  minimum time that audit entries are kept, such as 8760h; deleted by whole months (for ever)
  DB_CONNECTIONS, DB_SYSTEM_CONNECTIONS, DB_BULK_CONNECTIONS
                   connections for tenants' statements, for work across tenants and for
                   imports (20, 8 and 4; fewer on a server with few connections)
  DB_STATEMENT_TIMEOUT
                   limit of a statement (30s)
  DB_CONNECTION_WAIT
                   longest wait for a connection of a full database server (30s)
  DB_BULK_WAIT     longest wait for the turn of an export, an import or a purge (5m)
  SPOOL_LIMIT      MiB of temporary files of exports and imports; one tenant may use a quarter (4096)
  ACCESS_LOG       true logs one line for each request (true)
  OTEL_EXPORTER_OTLP_ENDPOINT
                   endpoint of traces; OpenTelemetry's other settings apply too (none: no traces)`
}

// The timeouts of the HTTP server. drainTime is how long a shutdown waits for requests in
// flight.
const (
	drainTime         = 25 * time.Second
	readHeaderTimeout = 10 * time.Second
	transferTimeout   = 15 * time.Minute // long enough for the largest bundle on a slow network
	idleTimeout       = 2 * time.Minute
)

// Run serves until the context ends, then completes the requests in flight. It listens
// before it opens the database, so that probes get a response during a long migration
// and a script can read the URL from the first log line.
func (c *Cmd) Run(ctx context.Context, t terminal.Terminal) (err error) {
	cfg, err := ReadSettings(t.Getenv)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return fmt.Errorf("%w: set ADDR to another address", err)
	}
	log := logger(t.Err)
	address := "http://" + listener.Addr().String()
	log.Info("listening", "url", address, "multi_tenant", cfg.multiTenant)

	handler := &swappableHandler{}
	handler.swap(startingHandler())
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: transferTimeout,
		WriteTimeout: transferTimeout,
		IdleTimeout:  idleTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with Shutdown; waited for below

	reg, err := Open(ctx, cfg, address, log, t)
	switch {
	case err == nil:
		handler.swap(reg.Handler)
		log.Info("ready", "url", address, "sign_in", "Authorization: Bearer with the platform"+
			" token or an API key; users with POST /api/v1/sessions")
		err = waitFor(ctx, served, reg)
		log.Info("draining")
	case ctx.Err() != nil: // the start was interrupted by a signal, which isn't an error
		log.Info("stopped before it was ready")
		err = nil
	}
	// The shutdown needs another context, because ctx has usually ended.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return errors.Join(err, server.Shutdown(drain), reg.Close())
}

// waitFor returns nil when the context ends. It returns an error when the HTTP
// server or the embedded database ends first.
func waitFor(ctx context.Context, served <-chan error, reg *Registry) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return err
	case <-reg.databaseStopped():
		return errors.New("the embedded PostgreSQL has stopped: see its log in DATA_DIR")
	}
}

// logger writes text to a terminal and JSON lines to anything else.
func logger(w io.Writer) *slog.Logger {
	if _, ok := terminal.File(w); ok {
		return slog.New(httpapi.LogHandler(slog.NewTextHandler(w, nil)))
	}
	return slog.New(httpapi.LogHandler(slog.NewJSONHandler(w, nil)))
}

// swappableHandler forwards to a handler that can be replaced while it serves.
type swappableHandler struct{ current atomic.Pointer[http.Handler] }

// swap sets the handler of all later requests.
func (s *swappableHandler) swap(h http.Handler) { s.current.Store(&h) }

// ServeHTTP serves a request with the current handler.
func (s *swappableHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.current.Load()).ServeHTTP(w, r)
}

// startingHandler serves while the database starts: GET /livez returns 200, every
// other request 503.
func startingHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"type":"about:blank","title":"Service Unavailable",`+
			`"status":503,"detail":"the server is starting","code":"unavailable","starting":true}`)
	})
	return mux
}
