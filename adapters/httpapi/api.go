package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/denials"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/lookups"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/readiness"
	"github.com/bailiwick-go/bailiwick/adapters/internal/router"
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
	promote      *promote.Service // nil: no bundles
	instanceKeys *instanceKeys
	limits       *limits
	lookups      *lookups.Limiter
	adoptedKeys  bool
	permissions  []tenancy.Grant // the host's
	inAnyState   map[tenancy.Permission]bool
	signin       *signin.Service // nil: no sessions
	openID       bool
	without      []Group

	prefix        string
	resourceLimit int64
	bundleLimit   int64
	bodyTimeout   time.Duration
	bundleTimeout time.Duration
	discovery     []Discovery
	ready         *readiness.Check
	metrics       http.Handler // nil: none
	observe       func(context.Context, tenancy.Code)
	accessLog     bool
	log           *slog.Logger
	problems      problemWriter
	denialLimit   denials.Limiter
	now           func() time.Time

	title           string
	version         string
	openapiDocument []byte
	served          []string // the routes; see [API.Routes]
}

// API serves all routes of the API, and protects those of a host: see [API.Protect].
type API struct {
	api     *api
	handler http.Handler
}

// ServeHTTP serves the routes of the API.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// New returns the handler of the whole API over s. It needs Kinds, Tenants, Resources, Audit
// and PlatformAudit. Without one of the other ports the routes that need it are switched off,
// as with [Options.Without], and the log says so. Missing services and invalid options are
// faults of the program: New panics and names them.
func New(s ports.Services, o Options) *API {
	if err := o.check(s); err != nil {
		panic("httpapi.New: " + err.Error())
	}
	o = o.withDefaults(s)
	a := &api{
		services: s, multiTenant: o.MultiTenant, tenants: o.Resolver,
		limits: newLimits(o.Clock), lookups: lookups.New(o.Clock),
		adoptedKeys: o.AdoptedKeys, permissions: slices.Clone(o.Permissions),
		without: slices.Clone(o.Without),

		prefix: o.Prefix, resourceLimit: o.ResourceLimit, bundleLimit: o.BundleLimit,
		bodyTimeout: o.BodyTimeout, bundleTimeout: o.BundleTimeout,
		discovery: o.Discovery, ready: readiness.New(o.Ready, o.Clock), metrics: o.Metrics,
		observe: o.Observe, accessLog: o.AccessLog,
		log: o.Logger, problems: problemWriter{o.Logger, o.WriteProblem},
		denialLimit: denials.Limiter{Now: o.Clock}, now: o.Clock, title: o.Title,
		version: o.Version,
	}
	if len(s.Missing("Transfers", "Instance")) == 0 {
		a.promote = promote.NewLimited(s, promote.Limits{Disk: o.SpoolLimit})
	}
	a.instanceKeys = newInstanceKeys(s.InstanceKeys, o.Clock)
	a.setAuthenticate(s, o)
	if o.Passwords == nil && a.signin != nil {
		o.Passwords = a.signin
	}
	a.admin = admin.New(s, admin.Options{PlatformTokenHash: o.PlatformTokenHash,
		AdoptedKeys: o.AdoptedKeys, Passwords: o.Passwords, PasswordOptional: a.openID,
		Clock: o.Clock})
	return &API{a, a.handler(o.chosenGroups(s))}
}

// handler builds the router and the OpenAPI document from the same operations.
func (a *api) handler(groups []routeGroup) http.Handler {
	rt := &router.Router{
		NotFound: func(w http.ResponseWriter, r *http.Request) {
			a.problems.write(w, r, tenancy.Errorf(tenancy.CodeNotFound, "no route has this path"))
		},
		MethodNotAllowed: func(w http.ResponseWriter, r *http.Request, allow string) {
			a.problems.write(w, r,
				tenancy.Errorf(CodeMethodNotAllowed, "this path supports only %s", allow))
		},
	}
	ops := a.operations(groups)
	a.inAnyState = permissionsInAnyState(ops)
	for _, op := range ops {
		rt.Handle(op.method, a.prefix+op.path, a.serve(op))
		a.served = append(a.served, op.method+" "+a.prefix+op.path)
	}
	var err error
	if a.openapiDocument, err = a.document(ops); err != nil {
		panic("httpapi.New: the OpenAPI document: " + err.Error())
	}
	return a.middleware(rt)
}
