package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// serveCmd serves the registry.
type serveCmd struct{}

// Help lists the settings.
func (serveCmd) Help() string {
	return `Settings, from the environment:
  DATABASE_URL     PostgreSQL to use; empty: an embedded one, kept under DATA_DIR
  LISTEN_URL       the server's own address, where DATABASE_URL leads through a connection pooler
  DATA_DIR         where the embedded database and the secrets' key live
  ADDR             listen address (127.0.0.1:8080); port 0 picks a free one
  MULTI_TENANT     true turns tenancy on (false)
  BASE_DOMAIN      subdomains of it name tenants (localhost)
  ADMIN_TOKEN      the platform's token, at least 32 characters; empty: one is made and shown once
  AUTO_MIGRATE     bring the schema up at start (true)
  SECRETS_KEY      base64 of 32 bytes that encrypts secrets; empty: one is made in DATA_DIR
  TRUSTED_PROXIES  address ranges whose X-Forwarded-* headers are believed (none)
  OIDC_ISSUER      an OpenID provider through which people sign in (none)
  OIDC_CLIENT_ID, OIDC_CLIENT_SECRET
                   what this registry is there
  OIDC_REDIRECT_URL
                   where the provider sends people back to (the listen address's /api/v1/sessions/oidc/callback)
  OIDC_CREATE_USERS
                   true makes users of strangers with a verified e-mail address (false)
  AUDIT_RETENTION  how long the audit log is kept at least, such as 8760h; older months go (for ever)
  ACCESS_LOG       a line in the log for each request (true)
  OTEL_EXPORTER_OTLP_ENDPOINT
                   where traces go, with OpenTelemetry's other settings (none: there are no traces)`
}

const (
	drainTime         = 25 * time.Second
	readHeaderTimeout = 10 * time.Second
	transferTimeout   = 15 * time.Minute // the slowest bundle
	idleTimeout       = 2 * time.Minute
)

// Run serves until the context ends, then drains.
func (c *serveCmd) Run(ctx context.Context, t terminal) (err error) {
	set, err := readSettings(t.getenv)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", set.addr)
	if err != nil {
		return fmt.Errorf("%w: set ADDR to another address", err)
	}
	log := logger(t.err)
	address := "http://" + listener.Addr().String()
	log.Info("listening", "url", address, "multi_tenant", set.multiTenant)

	handler := &swappableHandler{}
	handler.swap(startingHandler())
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: transferTimeout,
		WriteTimeout: transferTimeout,
		IdleTimeout:  idleTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }() // ends with Shutdown; waited for below

	reg, err := openRegistry(ctx, set, address, log, t)
	switch {
	case err == nil:
		handler.swap(reg.handler)
		log.Info("ready", "url", "http://"+listener.Addr().String(), "sign_in",
			"Authorization: Bearer, with the platform token or an API key; people by POST"+
				" /api/v1/sessions")
		err = waitFor(ctx, served, reg)
		log.Info("draining")
	case ctx.Err() != nil: // told to end, which is no fault of the start's
		log.Info("stopped before it was ready")
		err = nil
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return errors.Join(err, server.Shutdown(drain), reg.close())
}

// waitFor returns when the context ends, which is no error, or when something
// that shouldn't end does.
func waitFor(ctx context.Context, served <-chan error, reg *registry) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return err
	case <-reg.databaseStopped():
		return errors.New("the embedded PostgreSQL has stopped; its log is in the data folder")
	}
}

// logger writes JSON lines, or text where a person looks.
func logger(w io.Writer) *slog.Logger {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(httpapi.LogHandler(slog.NewTextHandler(w, nil)))
	}
	return slog.New(httpapi.LogHandler(slog.NewJSONHandler(w, nil)))
}

// swappableHandler is a handler that can be exchanged while it serves.
type swappableHandler struct{ current atomic.Pointer[http.Handler] }

func (s *swappableHandler) swap(h http.Handler) { s.current.Store(&h) }

func (s *swappableHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.current.Load()).ServeHTTP(w, r)
}

// startingHandler answers while the database comes up: the process lives, and isn't
// ready.
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
		_, _ = io.WriteString(w,
			`{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the server is starting","code":"unavailable"}`)
	})
	return mux
}

// registry is the open registry. A nil one closes.
type registry struct {
	handler        http.Handler
	db             *postgres.DB
	embedded       *localpg.Server
	telemetry      *telemetry.Telemetry
	shutdownTraces func() // nil: there are none
}

func openRegistry(
	ctx context.Context, set settings, address string, log *slog.Logger, t terminal,
) (*registry, error) {
	reg := &registry{}
	options, err := reg.databaseOptions(ctx, set, log)
	if err != nil {
		return reg, err
	}
	if err := reg.startTelemetry(ctx, set, log); err != nil {
		return reg, err
	}
	options.QueryHooks = reg.telemetry.QueryHooks()
	if reg.db, err = postgres.Open(ctx, options); err != nil {
		return reg, notCurrent(options, err)
	}
	hash, err := platformToken(ctx, set, reg.db, address, t)
	if err != nil {
		return reg, err
	}
	people, err := set.openID.signIn(address)
	if err != nil {
		return reg, err
	}
	services := reg.db.Services()
	tenants := resolve.New(services.Tenants, resolve.Options{
		BaseDomain: set.baseDomain, TrustedProxies: set.trustedProxies,
		ChangeNotifier: services.ChangeNotifier,
	})
	reg.telemetry.Pools(reg.db.PoolStats)
	reg.telemetry.Resolution(tenants.Stats)
	reg.handler = reg.telemetry.Middleware(httpapi.New(services, httpapi.Options{
		MultiTenant:       set.multiTenant,
		Resolver:          tenants,
		PlatformTokenHash: hash,
		SignIn:            people,
		AdoptedKeys:       true, // the single-tenant version's, which its database may still have
		Discovery:         discovery(),
		Ready:             reg.db.Ready,
		Metrics:           reg.telemetry.Handler(),
		Observe:           reg.telemetry.Observe,
		AccessLog:         set.accessLog,
		Logger:            log,
		Title:             "Bailiwick registry",
	}))
	return reg, nil
}

// databaseOptions says which database to open, and starts the embedded one if it is
// that.
func (reg *registry) databaseOptions(
	ctx context.Context, set settings, log *slog.Logger,
) (postgres.Options, error) {
	key, err := set.loadSecretsKey()
	if err != nil {
		return postgres.Options{}, err
	}
	own, err := migrations()
	if err != nil {
		return postgres.Options{}, err
	}
	url := set.databaseURL
	if url == "" {
		log.Info("starting an embedded PostgreSQL", "dir", set.dataDir)
		reg.embedded, err = localpg.Start(ctx,
			localpg.Options{Dir: set.dataDir, Log: slog.NewLogLogger(log.Handler(), slog.LevelInfo).
				Writer()})
		if err != nil {
			return postgres.Options{}, err
		}
		url = reg.embedded.URL()
	}
	return postgres.Options{
		URL: url, AppURL: set.appURL, SystemURL: set.systemURL, ListenURL: set.listenURL,
		MultiTenant: set.multiTenant, SkipMigrations: !set.autoMigrate,
		Tables: tables(), Migrations: own, Adopt: adoption(), SecretsKey: key,
		AuditRetention: set.auditRetention, Logger: log,
	}, nil
}

// tokenMessage shows a token and an address.
const tokenMessage = `
The platform token, shown this once:

  %[1]s

Sign in with it:

  export REGISTRY_URL=%[2]s REGISTRY_TOKEN=%[1]s
  curl -H "Authorization: Bearer $REGISTRY_TOKEN" $REGISTRY_URL/api/v1/me

`

// platformToken answers the hash of the token that was set, or of one that was
// made at the first start, which it shows then.
func platformToken(
	ctx context.Context, set settings, db *postgres.DB, address string, t terminal,
) ([sha256.Size]byte, error) {
	if set.adminToken != "" {
		return tokenHash(set.adminToken), nil
	}
	token := "bwp_" + rand.Text() + rand.Text()
	stored, err := db.PlatformToken(ctx, tokenHash(token))
	if err != nil {
		return stored, err
	}
	if stored == tokenHash(token) {
		fmt.Fprintf(t.err, tokenMessage, token, address)
	}
	return stored, nil
}

func (reg *registry) databaseStopped() <-chan struct{} {
	if reg.embedded == nil {
		return nil
	}
	return reg.embedded.Done()
}

func (reg *registry) close() error {
	var errs []error
	if reg.db != nil {
		errs = append(errs, reg.db.Close())
	}
	if reg.embedded != nil {
		errs = append(errs, reg.embedded.Stop())
	}
	if reg.shutdownTraces != nil {
		reg.shutdownTraces()
	}
	return errors.Join(errs...)
}

// discovery is what a tenant offers to those who look for agents and tools.
func discovery() []httpapi.Discovery {
	return []httpapi.Discovery{
		{Kind: "agent", Member: "agents", Fields: []string{"description", "endpoint"}},
		{Kind: "mcp_server", Member: "mcp_servers",
			Fields: []string{"description", "packages", "remotes"}},
	}
}
