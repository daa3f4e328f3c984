package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/lookups"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// api holds what all handlers share.
type api struct {
	services     ports.Services
	multiTenant  bool
	tenants      *resolve.Resolver
	authenticate func(http.ResponseWriter, *call) (tenancy.Principal, error)
	admin        *admin.Service
	promote      *promote.Service
	limits       *limits
	lookups      *lookups.Limiter
	adoptedKeys  bool
	signin       *signin.Service // nil: the host authenticates callers
	openID       bool

	prefix        string
	resourceLimit int64
	bundleLimit   int64
	bodyTimeout   time.Duration
	bundleTimeout time.Duration
	discovery     []Discovery
	ready         *readiness
	metrics       http.Handler // nil: none
	observe       func(context.Context, tenancy.Code)
	accessLog     bool
	log           *slog.Logger
	denialLimit   denialLimiter
	now           func() time.Time

	title           string
	version         string
	openapiDocument []byte
}

// API serves all routes of the API, and protects those of a host: see [API.Protect].
type API struct {
	api     *api
	handler http.Handler
}

// ServeHTTP serves the routes of the API.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// New returns the handler of the whole API over s. Missing services and invalid
// options are faults of the program: New panics and names them.
func New(s ports.Services, o Options) *API {
	if err := o.check(s); err != nil {
		panic("httpapi.New: " + err.Error())
	}
	o = o.withDefaults(s)
	a := &api{
		services: s, multiTenant: o.MultiTenant, tenants: o.Resolver,
		promote: promote.NewLimited(s, promote.Limits{Disk: o.SpoolLimit}),
		limits:  newLimits(o.Clock), lookups: lookups.New(o.Clock),
		adoptedKeys: o.AdoptedKeys,

		prefix: o.Prefix, resourceLimit: o.ResourceLimit, bundleLimit: o.BundleLimit,
		bodyTimeout: o.BodyTimeout, bundleTimeout: o.BundleTimeout,
		discovery: o.Discovery, ready: newReadiness(o), metrics: o.Metrics, observe: o.Observe,
		accessLog: o.AccessLog,
		log:       o.Logger, denialLimit: denialLimiter{now: o.Clock}, now: o.Clock, title: o.Title,
		version: o.Version,
	}
	a.setAuthenticate(s, o)
	if o.Passwords == nil && a.signin != nil {
		o.Passwords = a.signin
	}
	a.admin = admin.New(s, admin.Options{PlatformTokenHash: o.PlatformTokenHash,
		AdoptedKeys: o.AdoptedKeys, Passwords: o.Passwords, PasswordOptional: a.openID,
		Clock: o.Clock})
	return &API{a, a.handler()}
}

// handler builds the router and the OpenAPI document from the same operations.
func (a *api) handler() http.Handler {
	rt := &router{log: a.log}
	ops := a.operations()
	for _, op := range ops {
		rt.handle(op.method, a.prefix+op.path, a.serve(op))
	}
	var err error
	if a.openapiDocument, err = a.document(ops); err != nil {
		panic("httpapi.New: the OpenAPI document: " + err.Error())
	}
	return a.middleware(rt)
}
