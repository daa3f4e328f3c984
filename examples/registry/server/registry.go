package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Registry holds the parts of a running registry. Parts that were not opened are nil.
type Registry struct {
	API            *httpapi.API // the registry's API
	Handler        http.Handler // serves it
	DB             *postgres.DB
	embedded       *localpg.Server
	shareEmbedded  bool // use the embedded PostgreSQL of a running server
	telemetry      *telemetry.Telemetry
	shutdownTraces func() // nil: no traces are exported
}

// Open opens the database and creates the HTTP handler. The registry must
// be closed after an error too. The address is the registry's own URL.
func Open(
	ctx context.Context, cfg Settings, address string, log *slog.Logger, t terminal.Terminal,
) (*Registry, error) {
	reg := &Registry{}
	options, err := reg.databaseOptions(ctx, cfg, log)
	if err != nil {
		return reg, err
	}
	if err := reg.startTelemetry(ctx, cfg, log); err != nil {
		return reg, err
	}
	options.QueryHooks = reg.telemetry.QueryHooks()
	if reg.DB, err = postgres.Open(ctx, options); err != nil {
		return reg, NotCurrent(options, err)
	}
	hash, err := platformToken(ctx, cfg, reg.DB, address, t)
	if err != nil {
		return reg, err
	}
	people, err := cfg.openID.signIn(address)
	if err != nil {
		return reg, err
	}
	services := reg.DB.Services()
	tenants := resolve.New(services.Tenants, resolve.Options{
		BaseDomain: cfg.baseDomain, TrustedProxies: cfg.trustedProxies,
		ChangeNotifier: services.ChangeNotifier,
	})
	reg.telemetry.Pools(reg.DB.PoolStats)
	reg.telemetry.Resolution(tenants.Stats)
	reg.API = httpapi.New(services, httpapi.Options{
		MultiTenant:       cfg.multiTenant,
		Resolver:          tenants,
		PlatformTokenHash: hash,
		SignIn:            people,
		AdoptedKeys:       true, // the database may have API keys of the single-tenant version
		Discovery:         discovery(),
		Ready:             reg.DB.Ready,
		Metrics:           reg.telemetry.Handler(),
		Observe:           reg.telemetry.Observe,
		AccessLog:         cfg.accessLog,
		SpoolLimit:        int64(cfg.limits.spool) << 20,
		Logger:            log,
		Title:             "Bailiwick registry",
	})
	reg.Handler = reg.telemetry.Middleware(withPages(reg.API, adminui.New(reg.API, services.Kinds,
		adminui.Options{
			MultiTenant: cfg.multiTenant, Title: "Bailiwick registry", Logger: log,
			Outside: func(r *http.Request) (string, bool) {
				return tenants.FromRequest(r).Host, tenants.Secure(r)
			},
		})))
	return reg, nil
}

// withPages serves the admin pages and the page of an invitation's link next to the API.
func withPages(api, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/admin" || strings.HasPrefix(r.URL.Path, "/admin/") ||
			r.URL.Path == "/invitations/accept" {
			pages.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// databaseOptions returns the options for opening the database. Without a
// DATABASE_URL it starts the embedded PostgreSQL.
func (reg *Registry) databaseOptions(
	ctx context.Context, cfg Settings, log *slog.Logger,
) (postgres.Options, error) {
	key, err := cfg.loadSecretsKey()
	if err != nil {
		return postgres.Options{}, err
	}
	registryMigrations, err := kinds.Migrations()
	if err != nil {
		return postgres.Options{}, err
	}
	url := cfg.databaseURL
	if url == "" {
		if url, err = reg.startEmbedded(ctx, cfg.dataDir, log); err != nil {
			return postgres.Options{}, err
		}
	}
	options := postgres.Options{
		URL: url, AppURL: cfg.appURL, SystemURL: cfg.systemURL, ListenURL: cfg.listenURL,
		Schema: cfg.schema, RolePrefix: cfg.rolePrefix,
		MultiTenant: cfg.multiTenant, SkipMigrations: !cfg.autoMigrate,
		WithoutTenants: cfg.withoutTenants,
		Tables:         kinds.Tables(), Migrations: registryMigrations, Adopt: kinds.Adoption(),
		SecretsKey: key, AuditRetention: cfg.auditRetention,
		StartWait: cfg.databaseWait, Logger: log,
	}
	cfg.limits.apply(&options)
	return options, nil
}

// startEmbedded starts the embedded PostgreSQL and returns its URL. With shareEmbedded, it
// returns the URL of the one that another process runs, if there is one.
func (reg *Registry) startEmbedded(
	ctx context.Context, dir string, log *slog.Logger,
) (string, error) {
	log.Info("starting an embedded PostgreSQL", "dir", dir)
	output := slog.NewLogLogger(log.Handler(), slog.LevelInfo).Writer()
	started, err := localpg.Start(ctx, localpg.Options{Dir: dir, Log: output})
	if inUse, ok := errors.AsType[*localpg.InUseError](err); ok && reg.shareEmbedded {
		log.Info("using the PostgreSQL of a running server", "process", inUse.PID)
		return localpg.Running(ctx, inUse.Dir)
	}
	if err != nil {
		return "", err
	}
	reg.embedded = started
	return started.URL(), nil
}

// tokenMessage shows the generated token and how to use it. The arguments are the
// token and the registry's URL.
const tokenMessage = `
The platform token, shown only once:

  %[1]s

Sign in with it:

  export REGISTRY_URL=%[2]s REGISTRY_TOKEN=%[1]s
  curl -H "Authorization: Bearer $REGISTRY_TOKEN" $REGISTRY_URL/api/v1/me

`

// platformToken returns the hash of ADMIN_TOKEN. Without that setting it is the
// hash of a token that the first start generates, stores and prints.
func platformToken(
	ctx context.Context, cfg Settings, db *postgres.DB, address string, t terminal.Terminal,
) ([sha256.Size]byte, error) {
	if cfg.adminToken != "" {
		return tokenHash(cfg.adminToken), nil
	}
	token := "bwp_" + rand.Text() + rand.Text()
	stored, err := db.PlatformToken(ctx, tokenHash(token))
	if err != nil {
		return stored, err
	}
	if stored == tokenHash(token) {
		fmt.Fprintf(t.Err, tokenMessage, token, address)
	}
	return stored, nil
}

// databaseStopped returns a channel that is closed when the embedded database stops. It
// is nil, and so blocks for ever, if there is none.
func (reg *Registry) databaseStopped() <-chan struct{} {
	if reg.embedded == nil {
		return nil
	}
	return reg.embedded.Done()
}

// Close closes the database pools, then stops the embedded database, then exports the
// last traces.
func (reg *Registry) Close() error {
	var errs []error
	if reg.DB != nil {
		errs = append(errs, reg.DB.Close())
	}
	if reg.embedded != nil {
		errs = append(errs, reg.embedded.Stop())
	}
	if reg.shutdownTraces != nil {
		reg.shutdownTraces()
	}
	return errors.Join(errs...)
}

// discovery declares the kinds and fields that the discovery route lists. It lists only
// what a client needs to find and call agents and tools, no instructions or settings.
func discovery() []httpapi.Discovery {
	return []httpapi.Discovery{
		{Kind: "agent", Member: "agents", Fields: []string{"description", "endpoint"}},
		{Kind: "mcp_server", Member: "mcp_servers",
			Fields: []string{"description", "packages", "remotes"}},
	}
}

// tokenHash is the SHA-256 of the platform token. Only the hash is stored.
func tokenHash(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }
